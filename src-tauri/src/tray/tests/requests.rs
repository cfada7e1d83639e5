//! What waits, with its answers.

use insta::assert_snapshot;

use super::*;

#[test]
fn approvals_stand_with_their_answers() {
    let mut view = view(paired(up(None), up(None)));
    view.pending = vec![
        approval("a", "git push origin my_branch"),
        grave(approval("b", "rm -rf /srv\n\u{202e}txt.exe")),
        Pending { deciding: Some(Verdict::AllowOnce), ..approval("c", "make") },
        Pending { deciding: Some(Verdict::Deny), ..approval("d", "make") },
        Pending { offers: vec![Verdict::Deny], ..without_command(approval("e", "")) },
        approval("f", "make"),
        approval("g", "make"),
    ];
    assert_snapshot!(print(&tray(&view, NOW)), @r"
    icon: connected, marked
    tooltip: Sophon: connected · 5 requests wait
      Sophon: connected
      OpenClaw 2026.9.6: connected
      Workshop
    ----
    + git push origin my_branch
        > Allow once
        > Deny
        > Show…
    + rm -rf /srv⏎‹U+202E›txt.exe
          Much is at stake: look before you allow it
        > Show…
        > Deny
    + make
          Allowing…
        > Show…
    + make
          Denying…
        > Show…
    + Look something up
        > Deny
        > Show…
    > 2 more requests…
    ----
    > Pause
    > Pair another installation…
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit (the phone will show this computer as away)
    ");
}

fn grave(mut request: Pending) -> Pending {
    if let Subject::Approval(approval) = &mut request.subject {
        approval.severity = Severity::High;
    }
    request
}

fn without_command(mut request: Pending) -> Pending {
    if let Subject::Approval(approval) = &mut request.subject {
        approval.command = None;
    }
    request
}

#[test]
fn devices_and_senders_stand_with_who_asks_and_what_for() {
    let mut view = view(paired(up(None), up(None)));
    let changed = DeviceRequest { change: Some(change()), ..device("Mine", Severity::Critical) };
    let again = DeviceChange { new_scopes: Vec::new(), is_introduced_anew: true, ..change() };
    let own = DeviceRequest { change: Some(change()), is_own: true, ..device("x", Severity::High) };
    view.pending = vec![
        pending("a", Subject::Device(device("Phone", Severity::Medium))),
        pending("b", Subject::Device(changed)),
        pending(
            "c",
            Subject::Device(DeviceRequest {
                change: Some(again),
                ..device("Phone", Severity::Low)
            }),
        ),
        pending("d", Subject::Device(own)),
        pending("e", Subject::Device(DeviceRequest { name: None, ..device("", Severity::Low) })),
    ];
    assert_snapshot!(of_requests(&view), @r"
    + Device “Phone” wants to join
          Asks for operator, operator.read
        > Allow
        > Deny
        > Show…
    + Device “Tablet” wants more rights
          New: operator.admin
          Much is at stake: look before you allow it
        > Show…
        > Deny
    + Device “Tablet” wants to be let in again
          Asks for operator, operator.read
        > Allow
        > Deny
        > Show…
    + This program wants more rights
          New: operator.admin
          Much is at stake: look before you allow it
        > Show…
        > Deny
    + A device without a name wants to join
          Asks for operator, operator.read
        > Allow
        > Deny
        > Show…
    ");
    let deciding = Pending {
        deciding: Some(Verdict::Deny),
        ..pending("d", Subject::Sender(sender(Some("@ada"))))
    };
    view.pending = vec![
        pending("a", Subject::Node(node("Camera", Severity::Medium))),
        pending("b", Subject::Node(node("Server\n“x”", Severity::High))),
        pending("c", Subject::Sender(sender(Some("joe")))),
        deciding,
        pending("e", Subject::Sender(sender(None))),
    ];
    assert_snapshot!(of_requests(&view), @r"
    + Device “Camera” offers commands to agents
          Offers camera.snap, camera and 2 more
        > Allow
        > Deny
        > Show…
    + Device “Server⏎‹U+201C›x‹U+201D›” offers commands to agents
          Offers camera.snap, camera and 2 more
          Much is at stake: look before you allow it
        > Show…
        > Deny
    + “@joe” on Telegram wants to talk
          Sender 4242, account default
        > Allow
        > Dismiss
        > Show…
    + “@ada” on Telegram wants to talk
          Sender 4242, account default
          Dismissing…
        > Show…
    + “4242” on Telegram wants to talk
          Sender 4242, account default
        > Allow
        > Dismiss
        > Show…
    ");
}

#[test]
fn of_long_names_and_lists_it_is_said_how_much_is_missing() {
    let mut view = view(paired(up(None), up(None)));
    let name = Foreign { text: "Phone ".repeat(30), missing: 99_820 };
    let scopes = (0..40).map(|number| scope(&format!("operator.{number}"))).collect();
    let device =
        DeviceRequest { name: Some(name), scopes, unlisted: 3, ..device("", Severity::Medium) };
    view.pending = vec![pending("a", Subject::Device(device))];
    assert_snapshot!(of_requests(&view), @r"
    + Device “Phone Phone Pho…(99985 more)” wants to join
          Asks for operator, operator.0, operator.1 and 41 more
        > Allow
        > Deny
        > Show…
    ");
}

/// The lines about requests only.
fn of_requests(view: &View) -> String {
    let menu = tray(view, NOW).menu.into_iter();
    let submenus = menu.filter(|item| matches!(item, Item::Submenu { .. })).collect();
    let tray = Tray { menu: submenus, ..tray(view, NOW) };
    print(&tray).lines().skip(2).map(|line| format!("{line}\n")).collect()
}
