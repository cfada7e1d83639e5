//! Words of strangers.

use serde_json::Value;

use crate::parse::borrowed;

/// How much of a text is kept, in characters.
const LONGEST_TEXT: usize = 256;
/// How many texts of a list are kept.
const LONGEST_LIST: usize = 64;
/// Longest identifier that is believed, in bytes: it has to be sent back whole.
const LONGEST_ID: usize = 256;

/// A text that anybody may have written: as it came, but of bounded length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForeignText {
    kept: String,
    characters: usize,
}

impl ForeignText {
    /// Keeps at most 256 characters of a text.
    pub fn new(text: &str) -> Self {
        let kept = match text.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => &text[..end],
            None => text,
        };
        Self { kept: kept.to_owned(), characters: text.chars().count() }
    }

    /// Borrows what was kept. It may hold control, bidirectional and invisible characters.
    pub fn as_str(&self) -> &str {
        &self.kept
    }

    /// Counts the characters of the whole text.
    pub fn characters(&self) -> usize {
        self.characters
    }

    /// Counts the characters that were cut off at the end.
    pub fn missing(&self) -> usize {
        self.characters.saturating_sub(LONGEST_TEXT)
    }

    pub(super) fn read(object: &Value, name: &str) -> Option<Self> {
        borrowed(object, name).filter(|text| !text.is_empty()).map(Self::new)
    }
}

/// A list of texts that anybody may have written, of bounded length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignList {
    kept: Vec<ForeignText>,
    length: usize,
}

impl ForeignList {
    /// Borrows the texts that were kept, at most 64, in their order.
    pub fn kept(&self) -> &[ForeignText] {
        &self.kept
    }

    /// Counts the items that are not among those that were kept.
    pub fn missing(&self) -> usize {
        self.length - self.kept.len()
    }

    /// Says whether nothing was listed.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Says whether this very text is listed.
    pub fn contains(&self, text: &str) -> bool {
        self.kept.iter().any(|kept| kept.missing() == 0 && kept.as_str() == text)
    }

    pub(super) fn read(object: &Value, name: &str) -> Self {
        let listed = object.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let texts = listed.iter().filter_map(Value::as_str);
        let kept = texts.take(LONGEST_LIST).map(ForeignText::new).collect();
        Self { kept, length: listed.len() }
    }

    /// Reads the singular and the plural of a field, without naming anything twice.
    pub(super) fn read_one_and_many(object: &Value, one: &str, many: &str) -> Self {
        let mut list = Self::read(object, many);
        if let Some(one) = ForeignText::read(object, one)
            && !list.kept.contains(&one)
        {
            list.kept.insert(0, one);
            list.kept.truncate(LONGEST_LIST);
            list.length += 1;
        }
        list
    }

    /// Reads the names of an object's fields that are true.
    pub(super) fn read_granted(object: &Value, name: &str) -> Self {
        let fields = object.get(name).and_then(Value::as_object);
        let granted = fields.into_iter().flatten().filter(|(_, granted)| **granted == true);
        let mut list = Self::default();
        for (name, _) in granted {
            list.length += 1;
            if list.kept.len() < LONGEST_LIST {
                list.kept.push(ForeignText::new(name));
            }
        }
        list
    }

    /// Says whether both name the same, in whatever order.
    pub(super) fn names_the_same_as(&self, other: &Self) -> bool {
        self.length == other.length
            && self.beyond(other).is_empty()
            && other.beyond(self).is_empty()
    }

    /// Lists what is here and not there.
    pub(super) fn beyond(&self, other: &Self) -> Vec<ForeignText> {
        self.kept.iter().filter(|text| !other.kept.contains(text)).cloned().collect()
    }
}

/// What a client says about itself; nothing of it is proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// Its name.
    pub name: Option<ForeignText>,
    /// Its platform, such as `linux` or `ios 19.1`.
    pub platform: Option<ForeignText>,
    /// Its kind of device.
    pub family: Option<ForeignText>,
    /// Which program it is, such as `openclaw-ios` or `gateway-client`.
    pub client: Option<ForeignText>,
    /// How the program runs, such as `ui`, `cli` or `node`.
    pub mode: Option<ForeignText>,
    /// Its version (nodes only).
    pub version: Option<ForeignText>,
}

impl Introduction {
    pub(super) fn read(object: &Value) -> Self {
        let text = |name| ForeignText::read(object, name);
        Self {
            name: text("displayName"),
            platform: text("platform"),
            family: text("deviceFamily"),
            client: text("clientId"),
            mode: text("clientMode"),
            version: text("version"),
        }
    }
}

/// Reads an identifier; none when it cannot be sent back.
pub(super) fn id<T>(object: &Value, name: &str, wrap: impl FnOnce(String) -> T) -> Option<T> {
    let id = borrowed(object, name)?;
    (!id.trim().is_empty() && id.len() <= LONGEST_ID).then(|| wrap(id.to_owned()))
}

/// Reads every item of a list that can be read, and counts the others; none when it is no list.
pub(super) fn items<T>(
    object: &Value,
    name: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Option<(Vec<T>, usize)> {
    let listed = object.get(name)?.as_array()?;
    let items: Vec<T> = listed.iter().filter_map(read).collect();
    let unreadable = listed.len() - items.len();
    Some((items, unreadable))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_how_much_is_missing() {
        let text = ForeignText::new(&"é".repeat(100_000));
        assert_eq!(text.as_str(), "é".repeat(256));
        assert_eq!((text.characters(), text.missing()), (100_000, 99_744));
        let whole = ForeignText::new(&"é".repeat(256));
        assert_eq!((whole.characters(), whole.missing()), (256, 0));
    }

    #[test]
    fn nothing_is_taken_out_of_a_text() {
        let text = "a\n\u{1b}[31m\u{202e}\u{200b}\u{0}b";
        assert_eq!(ForeignText::new(text).as_str(), text);
    }

    #[test]
    fn a_long_list_is_cut_and_says_how_much_is_missing() {
        let many: Vec<String> = (0..1_000).map(|n| format!("operator.{n}")).collect();
        let list = ForeignList::read(&json!({"scopes": many}), "scopes");
        assert_eq!((list.kept().len(), list.missing()), (64, 936));
        assert!(list.contains("operator.63") && !list.contains("operator.64"));
        let strange = ForeignList::read(&json!({"scopes": ["a", 7, null]}), "scopes");
        assert_eq!((strange.kept().len(), strange.missing()), (1, 2));
    }

    #[test]
    fn a_role_that_is_named_once_and_again_is_one() {
        let read = |object| ForeignList::read_one_and_many(&object, "role", "roles");
        let same = read(json!({"role": "node", "roles": ["node"]}));
        assert_eq!((same.kept().len(), same.missing()), (1, 0));
        let other = read(json!({"role": "operator", "roles": ["node"]}));
        assert!(other.contains("operator") && other.contains("node"));
        assert!(read(json!({})).is_empty());
    }

    #[test]
    fn an_id_that_cannot_be_sent_back_is_none() {
        let read = |text: Value| id(&json!({"id": text}), "id", |id| id);
        assert_eq!(read(json!("0b5c")), Some("0b5c".into()));
        for strange in [json!(""), json!(" "), json!(7), json!("x".repeat(257))] {
            assert_eq!(read(strange), None);
        }
    }
}
