//! What a bridge adds to the way of a message, of each piece of the answer, and of its end.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use simulator::cloud::{CloudView, RecordedCall};

use super::findings::{Findings, Unit};
use crate::measure::rig::{Rig, seen};
use crate::measure::samples::Samples;

/// Chats among which the messages take turns.
const CHATS: usize = 10;
/// Route that carries a piece of an answer.
const PIECE: &str = "sendMessageDelta";
/// Pause before the model's first word, much less than any model needs.
const THINKING: Duration = Duration::from_millis(20);

/// What turns consist of.
struct Plan {
    turns: usize,
    /// Pieces of each answer.
    pieces: usize,
    /// Time between two pieces.
    pace: Duration,
}

#[derive(Default)]
struct Times {
    to_gateway: Samples,
    first_piece: Samples,
    pieces: Samples,
    end: Samples,
    /// Requests of the last turn that carried no piece.
    requests_beside_pieces: usize,
}

/// Measures turns through a cloud that answers at once.
///
/// # Errors
/// When something of a turn does not arrive.
pub(super) fn measure_near(rig: &Rig, turns: usize, found: &mut Findings) -> anyhow::Result<()> {
    let plan = Plan { turns, pieces: 10, pace: Duration::from_millis(15) };
    let times = plan.play(rig)?;
    found.add_times("message to the gateway", &times.to_gateway, 1.0, 5.0);
    found.add_times("first piece of an answer to the cloud", &times.first_piece, 1.0, 5.0);
    found.add_times("every piece to the cloud", &times.pieces, 1.0, 5.0);
    found.add_times("end of an answer to the cloud", &times.end, 1.0, 5.0);
    let beside = times.requests_beside_pieces as f64;
    found.add("requests of a turn beside its pieces", Unit::Requests, beside).at_most(2.0);
    Ok(())
}

/// Measures turns through a cloud that is far away.
///
/// # Errors
/// When something of a turn does not arrive.
pub(super) fn measure_far(rig: &Rig, turns: usize, found: &mut Findings) -> anyhow::Result<()> {
    let plan = Plan { turns, pieces: 2, pace: Duration::from_millis(150) };
    let times = plan.play(rig)?;
    found.add_times("message to the gateway, cloud 100 ms away", &times.to_gateway, 1.0, 5.0);
    found.add_times("end to the cloud, cloud 100 ms away", &times.end, 1.0, 5.0);
    Ok(())
}

impl Plan {
    fn play(&self, rig: &Rig) -> anyhow::Result<Times> {
        let (bridge, _) = rig.connect()?;
        let mut times = Times::default();
        // Everything is new to a chat's first turn: connections, memory, caches.
        let mut first_ones = Times::default();
        for number in 0..self.turns + CHATS {
            let times = if number < CHATS { &mut first_ones } else { &mut times };
            self.turn(rig, &format!("ses_turns_{}", number % CHATS), times)?;
        }
        rig.disconnect(bridge)?;
        Ok(times)
    }

    fn turn(&self, rig: &Rig, chat: &str, times: &mut Times) -> anyhow::Result<()> {
        rig.cloud.clear_calls();
        let asked = Instant::now();
        let said = rig.cloud.say(chat, "manual");
        let sent = seen("message at the gateway", || {
            rig.gateway.last_call_of("chat.send").filter(|call| call.at >= asked)
        })?;
        let left = rig.cloud.look(|view| view.left_at(&said.update_id));
        times.to_gateway.push(sent.at - left.context("the update has not left")?);
        let run = sent.params["idempotencyKey"].as_str().context("the message has no key")?;
        seen("bubble", || {
            let is_mine = |view: &CloudView<'_>| {
                let mut bubbles = view.bubbles(chat).iter();
                bubbles.any(|it| it.interaction_id.as_ref() == Some(&said.interaction_id))
            };
            rig.cloud.look(is_mine).then_some(())
        })?;
        sleep(THINKING + self.pace);

        let mut said_at = Vec::new();
        for piece in 0..self.pieces {
            let now = Instant::now();
            said_at.push(now);
            rig.gateway.emit_delta(run, &piece_of_text(piece));
            sleep(self.pace.saturating_sub(now.elapsed()));
        }
        let finished = Instant::now();
        rig.gateway.finish_run(run);
        let ended = seen("end of the answer", || rig.cloud.look(end_arrival))?;
        times.end.push(ended.saturating_duration_since(finished));
        let (arrived, beside) = rig.cloud.look(|view| (piece_arrivals(view), beside_pieces(view)));
        let way = said_at.iter().zip(&arrived).map(|(said, arrived)| *arrived - *said);
        for (number, time) in way.enumerate() {
            if number == 0 {
                times.first_piece.push(time);
            }
            times.pieces.push(time);
        }
        times.requests_beside_pieces = beside;
        seen("idle chat", || rig.cloud.look(|view| is_quiet(view, chat)).then_some(()))
    }
}

/// A piece of an answer: one word, and the space before it.
pub(super) fn piece_of_text(number: usize) -> String {
    if number == 0 { "piece0".to_owned() } else { format!(" piece{number}") }
}

/// When the end of an answer arrived.
fn end_arrival(view: &CloudView<'_>) -> Option<Instant> {
    view.calls().iter().find(|call| call.route == "sendMessageEnd").map(|call| call.at)
}

/// When each piece arrived; a request may carry several, which were joined on their way.
fn piece_arrivals(view: &CloudView<'_>) -> Vec<Instant> {
    let requests = view.calls().iter().filter(|call| call.route == PIECE);
    let pieces_of = |call: &RecordedCall| {
        let text = call.body["delta"].as_str().unwrap_or_default();
        std::iter::repeat_n(call.at, text.split_whitespace().count())
    };
    requests.flat_map(pieces_of).collect()
}

fn beside_pieces(view: &CloudView<'_>) -> usize {
    view.calls().iter().filter(|call| call.route != PIECE).count()
}

fn is_quiet(view: &CloudView<'_>, chat: &str) -> bool {
    view.bubbles(chat).iter().all(|bubble| bubble.end.is_some())
}
