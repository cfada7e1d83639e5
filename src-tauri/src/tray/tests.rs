mod rules;
mod states;

use super::*;
use crate::view::{
    Approval, Decision, Identity, Paired, Problem, Settings, Severity, Ticket, TrayHost,
};

/// Now, in milliseconds since 1970.
const NOW: u64 = 1_800_000_000_000;

fn shown(installation: Installation) -> String {
    print(&tray(&view(installation), NOW))
}

fn view(installation: Installation) -> View {
    View {
        version: "0.1.0".into(),
        installation,
        approvals: Vec::new(),
        settings: Settings {
            name: "Workshop".into(),
            start_at_login: true,
            notifications: true,
            gateway_url: String::new(),
            cloud_url: String::new(),
        },
        refused: None,
        tray: TrayHost::Shown,
        remarks: Vec::new(),
        log_folder: "/logs".into(),
    }
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

fn approval(id: &str, command: &str) -> Approval {
    Approval {
        id: id.into(),
        title: "Look something up".into(),
        message: None,
        command: Some(command.into()),
        folder: Some("/srv".into()),
        host: Some("gateway".into()),
        agent: Some("main".into()),
        warnings: Vec::new(),
        severity: Severity::Medium,
        offers: vec![Decision::AllowOnce, Decision::AllowAlways, Decision::Deny],
        asked_at_ms: NOW - 5_000,
        expires_at_ms: NOW + 60_000,
        deciding: None,
    }
}
