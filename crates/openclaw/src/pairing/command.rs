//! What a person can type on the gateway's computer instead.

use crate::error::can_be_typed;

/// Writes a command about an id; one that lists them where the id cannot be typed.
pub(super) fn about(command: &str, id: &str, list: &str) -> String {
    if can_be_typed(id) { format!("openclaw {command} {id}") } else { format!("openclaw {list}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_be_a_command_itself_is_not_offered_for_typing() {
        let command = |id| about("devices approve", id, "devices list");
        assert_eq!(command("0b5c-7f8e"), "openclaw devices approve 0b5c-7f8e");
        for strange in ["--all", "x; rm -r ~", "`x`", "$(x)", "x\n"] {
            assert_eq!(command(strange), "openclaw devices list");
        }
    }
}
