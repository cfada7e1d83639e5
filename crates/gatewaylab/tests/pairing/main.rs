//! Devices, nodes and phones that want to join real OpenClaw gateways of both generations.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "this is all tests")]

mod codes;
mod devices;
mod nodes;
mod senders;
mod side;

use gatewaylab::{GatewayOptions, Version};
use side::RealSide;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_to_join_the_current_gateway_is_seen_and_decided_about() {
    is_seen_and_decided_about(Version::V2026_9_6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_to_join_the_previous_gateway_is_seen_and_decided_about() {
    is_seen_and_decided_about(Version::V2026_5_6).await;
}

async fn is_seen_and_decided_about(version: Version) {
    let side = RealSide::start(GatewayOptions::new(version)).await;
    let real = &side;
    devices::a_device_that_asks_is_seen_and_let_in_by_who_has_what_it_asks_for(version, real).await;
    devices::a_device_that_is_turned_down_may_ask_again_under_another_request(version, real).await;
    devices::a_known_device_that_asks_for_more_is_shown_as_a_change(version, real).await;
    devices::a_request_that_grows_takes_the_place_of_the_one_before(version, real).await;
    devices::renewing_revoking_and_removing_do_what_they_say(version, real).await;
    devices::a_device_is_renamed_where_the_gateway_can(version, real).await;
    nodes::a_node_is_let_in_for_what_its_commands_take(version, real).await;
    nodes::a_node_that_has_to_be_approved_as_a_device_takes_an_administrator_of_the_newer_gateway(
        version, real,
    )
    .await;
    codes::senders_and_codes_are_had_where_the_gateway_offers_them(version, real).await;
    devices::a_hostile_name_arrives_as_it_was_said_but_bounded(version, real).await;
    devices::with_a_key_of_its_own_a_connection_sees_everybody_too_and_is_listed(version, real)
        .await;
    real.frames_are_valid().await;
}
