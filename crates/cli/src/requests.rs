//! `sophon-bridge requests` and `senders`: what waits for a person, answered from a terminal.

mod named;

use std::path::{Path, PathBuf};

use control::{Answer, Ask, Pending, RequestKind, SendersStanding, Standing, Subject, Verdict};

pub(crate) use self::named::FEWEST;

use self::named::{Named, find};
use crate::card::{self, Extent};
use crate::clock::now_ms;
use crate::event::{Event, GatewayEvent};
use crate::exit::Failure;
use crate::program::{Ending, Program};
use crate::running::{Answered, ask_all, ask_one, known, unexpected};
use crate::wishes::{RequestsCommand, SendersCommand};

/// Kinds of request, of which a key may name one.
pub(crate) type Kinds = &'static [RequestKind];

/// Every kind of request.
const ALL: Kinds =
    &[RequestKind::Approval, RequestKind::Device, RequestKind::Node, RequestKind::Sender];
const SENDERS: Kinds = &[RequestKind::Sender];

/// Does what was asked for with requests of every kind.
///
/// # Errors
/// No program runs, the request is none, or the answer was not taken.
pub(crate) async fn requests(
    program: &mut Program,
    command: &RequestsCommand,
) -> Result<(), Ending> {
    match command {
        RequestsCommand::List => list(program, &Ask::Pending, ALL).await,
        RequestsCommand::Show { key } => {
            let Named { request, via, .. } = find(program, key, ALL).await?;
            tell(program, &request, Extent::Whole, via.as_deref());
            Ok(())
        }
        RequestsCommand::Allow { answer, always, notify } => {
            let wish = Wish { kinds: ALL, allow: true, always: *always, notify: *notify };
            decide(program, &answer.key, wish, answer.yes).await
        }
        RequestsCommand::Deny { key } => decide(program, key, Wish::deny(ALL), true).await,
        RequestsCommand::History => history(program).await,
    }
}

/// Does what was asked for with people who want to talk to the agent.
///
/// # Errors
/// No program runs, the request is none, or the answer was not taken.
pub(crate) async fn senders(program: &mut Program, command: &SendersCommand) -> Result<(), Ending> {
    match command {
        SendersCommand::List => list(program, &Ask::Access, SENDERS).await,
        SendersCommand::Approve { answer, notify } => {
            let wish = Wish { kinds: SENDERS, allow: true, always: false, notify: *notify };
            decide(program, &answer.key, wish, answer.yes).await
        }
        SendersCommand::Dismiss { key } => decide(program, key, Wish::deny(SENDERS), true).await,
    }
}

/// An answer before it is known what the request takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) kinds: Kinds,
    pub(crate) allow: bool,
    pub(crate) always: bool,
    pub(crate) notify: bool,
}

impl Wish {
    pub(crate) fn deny(kinds: Kinds) -> Self {
        Self { kinds, allow: false, always: false, notify: false }
    }

    fn verdict(self, request: &Pending) -> Result<Verdict, Failure> {
        let is_approval = matches!(request.subject, Subject::Approval(_));
        if self.always && !is_approval {
            return Err(Failure::usage("--always is for what an agent asks before it acts."));
        }
        let can_notify = matches!(&request.subject, Subject::Sender(sender) if sender.can_notify);
        if self.notify && !can_notify {
            return Err(Failure::usage("--notify is for people whose messenger can tell them."));
        }
        Ok(match (self.allow, is_approval) {
            (false, _) => Verdict::Deny,
            (true, false) => Verdict::Allow,
            (true, true) if self.always => Verdict::AllowAlways,
            (true, true) => Verdict::AllowOnce,
        })
    }
}

/// Answers a request; where much is at stake, or it was named by a part of its id, the person confirms
/// having read it.
pub(crate) async fn decide(
    program: &mut Program,
    key: &str,
    wish: Wish,
    is_confirmed: bool,
) -> Result<(), Ending> {
    let Named { address, request, is_beginning, via } = find(program, key, wish.kinds).await?;
    let verdict = wish.verdict(&request)?;
    let is_grave = request.is_grave() || verdict == Verdict::AllowAlways;
    if wish.allow && (is_grave || is_beginning) && !is_confirmed {
        let shown = shown(&request, Extent::Whole, via.as_deref());
        let consequence = verdict.consequence(request.subject.kind());
        program.confirm(&format!("{shown}\n\n{consequence}"), "allow it").await?;
    }
    let seen = Some(request.seen);
    let ask = Ask::Decide { key: request.key, verdict, notify: wish.notify, seen };
    perform(program, &address, &ask).await
}

/// Has a program do something, and says what came of it.
pub(crate) async fn perform(
    program: &mut Program,
    address: &Path,
    ask: &Ask,
) -> Result<(), Ending> {
    let asking = ask_one(&program.config.data_dir, address, ask);
    let answer = program.unless_stopped(asking).await??;
    let Answer::Done { what } = answer else { return Err(unexpected(answer)) };
    program.output.tell(&Event::Done { message: what });
    Ok(())
}

/// Lists what waits, of some kinds.
pub(crate) async fn list(program: &mut Program, ask: &Ask, kinds: Kinds) -> Result<(), Ending> {
    let asking = known(&program.config.data_dir, ask);
    let known = program.unless_stopped(asking).await??;
    let mut count = 0;
    let is_wanted = |it: &&(PathBuf, Pending)| kinds.contains(&it.1.subject.kind());
    for (address, request) in known.requests.iter().filter(is_wanted) {
        tell(program, request, Extent::Short, known.via(address, request.slot).as_deref());
        count += 1;
    }
    for (_, gateway) in &known.gateways {
        program.output.tell(&Event::Gateway(GatewayEvent::from(gateway)));
        for remark in remarks(gateway, kinds) {
            program.output.remark(&remark);
        }
    }
    program.output.remark(&match count {
        0 => "Nothing waits for you.".to_owned(),
        1 => "1 request waits for you.".to_owned(),
        _ => format!("{count} requests wait for you."),
    });
    Ok(())
}

/// What a person should know about a list that lacks something.
fn remarks(gateway: &control::Access, kinds: Kinds) -> Vec<String> {
    let mut remarks = Vec::new();
    match &gateway.standing {
        Standing::Off => remarks.push(
            "Devices and senders were not asked for: `sophon-bridge devices` and `sophon-bridge \
             senders` do."
                .to_owned(),
        ),
        Standing::Connecting => {
            remarks.push("OpenClaw is still being asked for devices and senders.".to_owned());
        }
        Standing::Down { problem } => remarks.push(in_words(problem)),
        Standing::Up => {}
    }
    if !kinds.contains(&RequestKind::Sender) {
        return remarks;
    }
    match &gateway.senders {
        SendersStanding::NotOffered { command } => remarks.push(format!(
            "This version of OpenClaw does not tell who wants to talk to the agent. Type on its \
             computer: {}",
            control::marked(command)
        )),
        SendersStanding::Failed { problem } => remarks.push(in_words(problem)),
        SendersStanding::Listed { unreadable, most_pending, .. } => {
            if *unreadable > 0 {
                remarks.push(format!("{unreadable} entries of senders cannot be understood."));
            }
            if let Some(most) = most_pending {
                remarks.push(format!(
                    "An account keeps at most {most} people; further ones are ignored by OpenClaw."
                ));
            }
        }
        SendersStanding::Unknown => {}
    }
    remarks
}

fn in_words(problem: &control::Problem) -> String {
    let sentences = [Some(problem.what.as_str()), problem.remedy.as_deref()];
    control::marked(&sentences.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

async fn history(program: &mut Program) -> Result<(), Ending> {
    let data_dir = program.config.data_dir.clone();
    let answers = program.unless_stopped(ask_all(&data_dir, &Ask::History)).await??;
    let mut all = Vec::new();
    for Answered { answer, .. } in answers {
        let Answer::History { requests } = answer else { return Err(unexpected(answer)) };
        all.extend(requests);
    }
    all.sort_by_key(|request| std::cmp::Reverse(request.ended_at_ms));
    for request in all {
        let text = card::past(&request);
        program.output.show(&text, Event::RequestEnded(request));
    }
    Ok(())
}

fn tell(program: &mut Program, request: &Pending, extent: Extent, via: Option<&str>) {
    let text = shown(request, extent, via);
    program.output.show(&text, Event::Request(Box::new(request.clone())));
}

fn shown(request: &Pending, extent: Extent, via: Option<&str>) -> String {
    card::request(request, extent, now_ms()) + &card::through(via)
}

#[cfg(test)]
mod tests {
    use control::{Foreign, SenderRequest, Slot};

    use super::*;

    pub(super) fn sender(id: &str) -> (PathBuf, Pending) {
        let subject = Subject::Sender(SenderRequest {
            channel: "telegram".to_owned(),
            channel_name: None,
            account: "default".to_owned(),
            account_name: None,
            sender: Foreign { text: "7001".to_owned(), missing: 0 },
            details: Vec::new(),
            unlisted: 0,
            last_seen_at_ms: None,
            can_notify: false,
        });
        let request = Pending {
            key: format!("sender:telegram:default:{id}"),
            slot: Slot(1),
            asked_at_ms: None,
            expires_at_ms: None,
            offers: vec![Verdict::Allow, Verdict::Deny],
            deciding: None,
            seen: "s1".to_owned(),
            subject,
        };
        (PathBuf::new(), request)
    }

    #[test]
    fn an_answer_fits_its_request() {
        let (_, person) = sender("a");
        let wish = |allow, always, notify| Wish { kinds: ALL, allow, always, notify };
        assert_eq!(wish(true, false, false).verdict(&person).unwrap(), Verdict::Allow);
        assert_eq!(wish(false, false, false).verdict(&person).unwrap(), Verdict::Deny);
        assert!(wish(true, true, false).verdict(&person).is_err());
        assert!(wish(true, false, true).verdict(&person).is_err());
    }
}
