//! A journal that is damaged, and one that cannot be written.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use simulator::gateway::GatewayOptions;

use crate::world::World;

#[tokio::test]
async fn with_a_damaged_journal_it_starts_says_so_and_answers_new_messages() {
    let world = World::new(GatewayOptions::default()).await;
    let bridge = world.launch.start();
    for number in 0..10 {
        world.ask("ses_before", &format!("say: number {number}")).await;
    }
    assert!(bridge.end().await.success());
    let journal = journal(&world.launch.data);
    overwrite_the_middle(&journal);

    let mut bridge = world.launch.start();
    let said = bridge.event_that("damage", |event| event.to_string().contains("damaged")).await;
    let folder = journal.parent().unwrap().to_str().unwrap();
    assert!(said.to_string().contains(folder), "it says where the old one is: {said}");
    assert_eq!(world.ask("ses_before", "say: new").await, "new");
    assert_eq!(world.ask("ses_after", "say: also new").await, "also new");
    bridge.kill().await;
    let bridge = world.launch.start();
    assert_eq!(world.ask("ses_after", "say: kept again").await, "kept again");
    assert!(bridge.end().await.success());
    world.nothing_against_the_wires();
}

/// The file of the one installation.
fn journal(data: &Path) -> PathBuf {
    let mut entries = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|it| it == "sqlite");
    entries.find(is_journal).expect("a journal")
}

fn overwrite_the_middle(journal: &Path) {
    let mut file = OpenOptions::new().write(true).open(journal).unwrap();
    let size = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(size / 4)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(size / 2).unwrap()]).unwrap();
}

#[cfg(target_os = "linux")]
mod full {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    use simulator::cloud::CloudView;
    use simulator::gateway::GatewayOptions;

    use crate::world::{RESEND, World};

    /// How often the cloud sends a message in vain before there is room again.
    const IN_VAIN: u32 = 3;

    /// Lets the files of a process grow to this size and no further, in bytes. Where the signal for
    /// it is ignored, a write fails as on a disk that is full.
    fn limit_files(process: Pid, size: Option<u64>) {
        let limit = Rlimit { current: size, maximum: None };
        prlimit(Some(process), Resource::Fsize, limit).unwrap();
    }

    #[tokio::test]
    async fn what_cannot_be_written_down_is_not_acknowledged_and_all_goes_on_when_there_is_room() {
        let world = World::new(GatewayOptions::default()).await;
        let mut bridge = world.launch.start_after("trap '' XFSZ");
        bridge.ready().await;
        assert_eq!(world.ask("ses_full", "say: before").await, "before");
        limit_files(bridge.pid(), Some(0));

        let said = world.cloud.say("ses_full", "say: when there is room");
        let problem = bridge.event_that("trouble with the disk", |event| {
            event["event"] == "notice" || event["event"] == "error"
        });
        let problem = problem.await.to_string();
        let acked = |view: &CloudView<'_>| view.is_acked(&said.update_id).then_some(());
        let acked = world.cloud.seen_within(RESEND * IN_VAIN, acked).await;
        assert_eq!(acked, None, "{problem}");
        assert_eq!(world.gateway.runs().len(), 1, "{problem}");

        limit_files(bridge.pid(), None);
        let text = world.answer_to("ses_full", &said).await;
        assert_eq!(text, "when there is room");
        assert_eq!(world.cloud.bubbles("ses_full").len(), 2);
        assert_eq!(world.gateway.runs().len(), 2);
        bridge.kill().await;
        let bridge = world.launch.start();
        assert_eq!(world.ask("ses_full", "say: after").await, "after");
        assert!(bridge.end().await.success());
        world.nothing_against_the_wires();
    }
}
