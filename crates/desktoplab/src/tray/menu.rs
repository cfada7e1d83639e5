use std::collections::HashMap;
use std::fmt;

use anyhow::{Context as _, bail};
use zbus::zvariant::{OwnedValue, Structure, Value};

/// A line with its properties and the lines behind it, as menus are sent.
pub(crate) type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// The menu of a tray icon, without the lines that are hidden.
///
/// Prints as a person sees it: `[x]` or `[ ]` before what is on or off, brackets around what
/// cannot be chosen, `---` between groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// The lines from the top.
    pub lines: Vec<MenuLine>,
}

/// A line of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuLine {
    /// Number by which the program knows it.
    pub id: i32,
    /// What is read, without the marks of keys.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// Whether it is on, for a line that is on or off.
    pub checked: Option<bool>,
    /// Whether it only stands between groups.
    pub separator: bool,
    /// The lines behind it.
    pub children: Vec<MenuLine>,
}

impl Menu {
    pub(crate) fn read(layout: Layout) -> anyhow::Result<Self> {
        Ok(Self { lines: read_lines(layout.2)? })
    }

    /// All lines, in the order in which they are read.
    pub fn all_lines(&self) -> Vec<&MenuLine> {
        fn collect<'a>(lines: &'a [MenuLine], found: &mut Vec<&'a MenuLine>) {
            for line in lines {
                found.push(line);
                collect(&line.children, found);
            }
        }
        let mut found = Vec::new();
        collect(&self.lines, &mut found);
        found
    }

    /// The only line with this label.
    ///
    /// # Errors
    /// When there is none, or more than one; with the menu.
    pub fn line(&self, label: &str) -> anyhow::Result<&MenuLine> {
        let lines = self.all_lines();
        let mut found = lines.into_iter().filter(|line| line.label == label);
        match (found.next(), found.next()) {
            (Some(line), None) => Ok(line),
            (Some(_), Some(_)) => bail!("more than one line says {label:?}:\n{self}"),
            (None, _) => bail!("no line says {label:?}:\n{self}"),
        }
    }

    /// The line to which these labels lead, from the top.
    ///
    /// # Errors
    /// When one of them is missing; with the menu.
    pub fn line_at(&self, path: &[&str]) -> anyhow::Result<&MenuLine> {
        let mut lines = &self.lines;
        let mut found = None;
        for (depth, label) in path.iter().enumerate() {
            // A line that leads on may be named like one that only says something.
            let leads_on = |line: &MenuLine| depth + 1 == path.len() || !line.children.is_empty();
            let line = lines
                .iter()
                .find(|line| line.label == *label && leads_on(line))
                .with_context(|| format!("no line says {label:?} in {path:?}:\n{self}"))?;
            lines = &line.children;
            found = Some(line);
        }
        found.context("an empty path leads to no line")
    }
}

impl fmt::Display for Menu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(&self.lines, 0, f)
    }
}

fn write_lines(lines: &[MenuLine], depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for line in lines {
        let mark = match line.checked {
            Some(true) => "[x] ",
            Some(false) => "[ ] ",
            None => "",
        };
        let (open, close) = if line.enabled { ("", "") } else { ("(", ")") };
        let label = if line.separator { "---" } else { &line.label };
        writeln!(f, "{:indent$}{mark}{open}{label}{close}", "", indent = depth * 2)?;
        write_lines(&line.children, depth + 1, f)?;
    }
    Ok(())
}

fn read_lines(children: Vec<OwnedValue>) -> anyhow::Result<Vec<MenuLine>> {
    let lines = children.into_iter().map(read_line).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(lines.into_iter().flatten().collect())
}

/// Reads a line; none when it is hidden.
fn read_line(child: OwnedValue) -> anyhow::Result<Option<MenuLine>> {
    let structure = Structure::try_from(Value::from(child)).context("a line is no structure")?;
    let (id, properties, children) = Layout::try_from(structure).context("a line is odd")?;
    let text = |name| properties.get(name).and_then(|value| <&str>::try_from(value).ok());
    let flag = |name| properties.get(name).and_then(|value| bool::try_from(value).ok());
    let number = |name| properties.get(name).and_then(|value| i32::try_from(value).ok());
    if flag("visible") == Some(false) {
        return Ok(None);
    }
    let switches = text("toggle-type").is_some_and(|kind| !kind.is_empty());
    Ok(Some(MenuLine {
        id,
        label: without_mnemonics(text("label").unwrap_or_default()),
        enabled: flag("enabled").unwrap_or(true),
        checked: switches.then(|| number("toggle-state") == Some(1)),
        separator: text("type") == Some("separator"),
        children: read_lines(children)?,
    }))
}

/// One underscore marks the key of a line, two are one.
fn without_mnemonics(label: &str) -> String {
    label.split("__").map(|part| part.replace('_', "")).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(label: &str, children: Vec<MenuLine>) -> MenuLine {
        MenuLine {
            id: 1,
            label: label.into(),
            enabled: true,
            checked: None,
            separator: false,
            children,
        }
    }

    fn menu() -> Menu {
        let allow = || vec![line("Allow once", Vec::new()), line("Deny", Vec::new())];
        let off = MenuLine { checked: Some(false), ..line("Start at login", Vec::new()) };
        let text = MenuLine { enabled: false, ..line("Not paired", Vec::new()) };
        let between = MenuLine { separator: true, ..line("", Vec::new()) };
        Menu { lines: vec![text, between, line("ls", allow()), line("rm", allow()), off] }
    }

    #[test]
    fn marks_of_keys_are_removed_and_underscores_are_kept() {
        assert_eq!(without_mnemonics("_Quit"), "Quit");
        assert_eq!(without_mnemonics("a__b _c__"), "a_b c_");
        assert_eq!(without_mnemonics("____"), "__");
    }

    #[test]
    fn a_menu_prints_as_it_is_seen() {
        let seen = "(Not paired)\n---\nls\n  Allow once\n  Deny\nrm\n  Allow once\n  Deny\n\
            [ ] Start at login\n";
        assert_eq!(menu().to_string(), seen);
    }

    #[test]
    fn a_line_is_found_by_its_label_only_where_no_other_has_it() {
        assert_eq!(menu().line("Start at login").unwrap().checked, Some(false));
        assert!(menu().line("Deny").unwrap_err().to_string().starts_with("more than one line"));
        assert!(menu().line("Allow").unwrap_err().to_string().starts_with("no line says"));
    }

    #[test]
    fn a_line_is_found_by_its_path() {
        assert_eq!(menu().line_at(&["rm", "Deny"]).unwrap().label, "Deny");
        assert!(menu().line_at(&["Deny"]).is_err());
        assert!(menu().line_at(&[]).is_err());
    }
}
