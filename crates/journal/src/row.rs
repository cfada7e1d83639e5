use std::fmt;

/// Names the table that a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// What the cloud sent and was told has arrived.
    Updates,
    /// Messages of the person on their way to an agent.
    Messages,
    /// Sessions that are open.
    Sessions,
    /// Turns that have not ended.
    Turns,
    /// Messages of the agent that are shown and not complete.
    Bubbles,
    /// Calls that the cloud has not answered for good.
    Posts,
    /// Approvals and the decisions about them.
    Approvals,
    /// Single values.
    Facts,
}

impl Table {
    /// Every table, in the order in which [`crate::Journal::rows`] gives their rows.
    pub const ALL: [Self; 8] = [
        Self::Updates,
        Self::Messages,
        Self::Sessions,
        Self::Turns,
        Self::Bubbles,
        Self::Posts,
        Self::Approvals,
        Self::Facts,
    ];

    /// Names the table as SQL does.
    pub fn name(self) -> &'static str {
        match self {
            Self::Updates => "updates",
            Self::Messages => "messages",
            Self::Sessions => "sessions",
            Self::Turns => "turns",
            Self::Bubbles => "bubbles",
            Self::Posts => "posts",
            Self::Approvals => "approvals",
            Self::Facts => "facts",
        }
    }
}

/// Changes what is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    /// Keeps a row; one with the same key is replaced, and stays at its place in the order.
    Put {
        /// The row's table.
        table: Table,
        /// The row's key within its table.
        key: String,
        /// The row's content, up to 900 MB.
        value: Vec<u8>,
    },
    /// Forgets a row; nothing happens when there is none.
    Remove {
        /// The row's table.
        table: Table,
        /// The row's key within its table.
        key: String,
    },
    /// Forgets every row of every table.
    Clear,
}

/// Is one row of what is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's table.
    pub table: Table,
    /// The row's key within its table.
    pub key: String,
    /// The row's content.
    pub value: Vec<u8>,
}

/// Says what a commit has to survive; the firmer is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Firmness {
    /// It survives the end of the process, however that comes.
    Process,
    /// It survives a power cut as well, which takes a wait for the disk.
    Power,
}

// A row's content never gets into a log line: only its size does.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { table, key, value } => {
                write!(f, "Put({table:?} {key:?}, {} bytes)", value.len())
            }
            Self::Remove { table, key } => write!(f, "Remove({table:?} {key:?})"),
            Self::Clear => f.write_str("Clear"),
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({:?} {:?}, {} bytes)", self.table, self.key, self.value.len())
    }
}
