mod requests;
mod rules;
mod several;
mod states;

use control::{
    Approval, DeviceChange, DeviceRequest, Foreign, NodeRequest, Pending, Scope, SenderRequest,
    Severity, Slot, Subject, Verdict,
};

use super::*;
use crate::view::{
    AccessMode, Identity, Paired, Problem, Seat, SeatSettings, Settings, Ticket, TrayHost,
};

/// Now, in milliseconds since 1970.
const NOW: u64 = 1_800_000_000_000;

fn shown(standing: Installation) -> String {
    print(&tray(&view(standing), NOW))
}

fn view(standing: Installation) -> View {
    view_of([seat(1, "Workshop", standing)])
}

fn view_of(installations: impl IntoIterator<Item = Seat>) -> View {
    View {
        version: "0.1.0".into(),
        installations: installations.into_iter().collect(),
        pending: Vec::new(),
        history: Vec::new(),
        access: Vec::new(),
        settings: Settings { start_at_login: true, notifications: true, access: AccessMode::Off },
        refused: None,
        tray: TrayHost::Shown,
        remarks: Vec::new(),
        log_folder: "/logs".into(),
    }
}

fn seat(slot: u32, name: &str, standing: Installation) -> Seat {
    let settings = SeatSettings {
        name: name.into(),
        gateway_url: String::new(),
        openclaw_folder: String::new(),
        cloud_url: String::new(),
    };
    Seat { slot: Slot(slot), standing, settings, paired_at_ms: None }
}

fn pairing(expires_at_ms: u64) -> Installation {
    let ticket = Ticket {
        code: "ABCD-1234".into(),
        url: "https://sophon.example/pair".into(),
        qr_path: "M0 0h1v1z".into(),
        qr_size: 29,
        expires_at_ms,
    };
    Installation::Pairing { ticket: Some(ticket), interrupted: None }
}

fn paired(cloud: Link, gateway: Link) -> Installation {
    Installation::Paired(Paired {
        identity: identity(),
        cloud,
        gateway,
        degraded_since_ms: None,
        sessions_today: 3,
        running: 1,
        queued: 0,
        locked: 0,
        undelivered: 0,
        storage: None,
        gateway_version: Some("2026.9.6".into()),
    })
}

fn identity() -> Identity {
    Identity {
        id: "inst_1".into(),
        name: "Workshop".into(),
        cloud: "https://api.sophon.example".into(),
        may: vec!["chat".into()],
    }
}

fn up(version: Option<&str>) -> Link {
    Link::Up { since_ms: NOW - 60_000, version: version.map(Into::into) }
}

fn down(retry_at_ms: Option<u64>) -> Link {
    let problem = problem("The gateway refuses the token.", "Check the token in openclaw.json.");
    Link::Down { problem, retry_at_ms }
}

fn problem(what: &str, remedy: &str) -> Problem {
    Problem { what: what.into(), remedy: Some(remedy.into()) }
}

fn approval(key: &str, command: &str) -> Pending {
    let subject = Subject::Approval(Approval {
        id: key.into(),
        title: "Look something up".into(),
        message: None,
        command: Some(command.into()),
        binary: None,
        folder: Some("/srv".into()),
        host: Some("gateway".into()),
        agent: Some("main".into()),
        session: None,
        warnings: Vec::new(),
        analysis: Vec::new(),
        severity: Severity::Medium,
        grant: None,
    });
    let offers = vec![Verdict::AllowOnce, Verdict::AllowAlways, Verdict::Deny];
    Pending { offers, ..pending(key, subject) }
}

fn pending(key: &str, subject: Subject) -> Pending {
    Pending {
        key: key.into(),
        slot: Slot(1),
        asked_at_ms: Some(NOW - 5_000),
        expires_at_ms: Some(NOW + 60_000),
        offers: vec![Verdict::Allow, Verdict::Deny],
        deciding: None,
        seen: "s1".into(),
        subject,
    }
}

fn device(name: &str, severity: Severity) -> DeviceRequest {
    DeviceRequest {
        device: "3f2a".into(),
        name: Some(foreign(name)),
        platform: Some(foreign("iOS 18")),
        program: None,
        roles: vec![foreign("operator")],
        scopes: vec![scope("operator.read")],
        unlisted: 0,
        address: None,
        origin: None,
        change: None,
        is_own: false,
        severity,
    }
}

fn change() -> DeviceChange {
    DeviceChange {
        known_as: Some(foreign("Tablet")),
        new_roles: Vec::new(),
        new_scopes: vec![scope("operator.admin")],
        revoked_roles: Vec::new(),
        is_introduced_anew: false,
    }
}

fn node(name: &str, severity: Severity) -> NodeRequest {
    NodeRequest {
        device: "9b1c".into(),
        name: Some(foreign(name)),
        platform: None,
        capabilities: vec![foreign("camera")],
        commands: vec![foreign("camera.snap")],
        permissions: Vec::new(),
        unlisted: 2,
        address: None,
        severity,
    }
}

fn sender(handle: Option<&str>) -> SenderRequest {
    SenderRequest {
        channel: "telegram".into(),
        channel_name: Some(foreign("Telegram")),
        account: "default".into(),
        account_name: None,
        sender: foreign("4242"),
        details: handle.map(|handle| (foreign("username"), foreign(handle))).into_iter().collect(),
        unlisted: 0,
        last_seen_at_ms: None,
        can_notify: true,
    }
}

fn scope(name: &str) -> Scope {
    Scope { name: foreign(name), meaning: None }
}

fn foreign(text: &str) -> Foreign {
    Foreign { text: text.into(), missing: 0 }
}
