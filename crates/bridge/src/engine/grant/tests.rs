use openclaw::parse_approval;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A request as a gateway makes it, on which every decision is offered.
fn request(binary: &str, commands: u64) -> Value {
    json!({
        "agentId": "main", "command": "…", "cwd": "/home/ada/ws", "host": "gateway",
        "allowedDecisions": ["allow-once", "allow-always", "deny"], "resolvedPath": binary,
        "commandAnalysis": {"commandCount": commands, "nestedCommandCount": 0},
    })
}

fn older_exec(request: &Value) -> Option<String> {
    let approval = json!({"id": "a", "createdAtMs": 1, "request": request});
    grant(&parse_approval(ApprovalKind::Exec, &approval).unwrap())
}

fn newer_exec(request: &Value) -> Option<String> {
    let approval = json!({"id": "a", "createdAtMs": 1, "approvalKind": "exec", "request": request});
    grant(&parse_approval(ApprovalKind::Exec, &approval).unwrap())
}

#[test]
fn nothing_is_left_behind_where_always_is_not_offered() {
    let mut once = request("/usr/bin/git", 1);
    once["allowedDecisions"] = json!(["allow-once", "deny"]);
    assert_eq!((older_exec(&once), newer_exec(&once)), (None, None));
}

#[test]
fn the_older_gateway_remembers_a_program_with_any_arguments() {
    assert_eq!(
        older_exec(&request("/usr/bin/git", 1)).unwrap(),
        "OpenClaw will run /usr/bin/git for the agent “main” without asking again, with any \
         arguments and in any folder."
    );
    let windows = older_exec(&request(r"C:\Program Files\Git\bin\git.exe", 1)).unwrap();
    assert!(windows.contains("with exactly these arguments and in any folder"), "{windows}");
}

#[test]
fn the_older_gateway_remembers_the_exact_line_of_an_interpreter() {
    for interpreter in ["/usr/bin/python3", r"C:\python\PYTHON.EXE"] {
        let said = older_exec(&request(interpreter, 1)).unwrap();
        assert!(said.starts_with("OpenClaw will run exactly this command line"), "{said}");
    }
}

#[test]
fn the_older_gateway_remembers_programs_of_a_line_one_after_the_other() {
    for (binary, commands) in [("/usr/bin/echo", 2), ("/usr/bin/bash", 1), ("/usr/bin/env", 1)] {
        let said = older_exec(&request(binary, commands)).unwrap();
        assert!(said.contains("at least the first that it does not know yet"), "{binary}: {said}");
        assert!(said.contains("with any arguments and in any folder"), "{binary}: {said}");
    }
    let mut unknown = request("", 1);
    unknown["commandAnalysis"] = Value::Null;
    assert!(older_exec(&unknown).unwrap().contains("programs that this line starts"));
}

#[test]
fn the_newer_gateway_remembers_the_exact_command_in_its_folder() {
    assert_eq!(
        newer_exec(&request("/usr/bin/wc", 1)).unwrap(),
        "OpenClaw will run exactly this command for the agent “main” without asking again: only \
         with these arguments, and only in /home/ada/ws."
    );
    let several = newer_exec(&request("/usr/bin/wc", 3)).unwrap();
    assert!(several.contains("each command of this line"), "{several}");
    assert!(several.contains("only in /home/ada/ws"), "{several}");
}

#[test]
fn on_a_node_it_is_the_node_that_remembers() {
    let mut on_node = request("/usr/bin/wc", 1);
    on_node["host"] = "node".into();
    for said in [older_exec(&on_node), newer_exec(&on_node)] {
        assert!(said.unwrap().starts_with("The node will run "));
    }
}

#[test]
fn an_automation_is_granted_its_one_command() {
    let mut scheduled = request("/usr/bin/echo", 1);
    scheduled["scope"] =
        json!({"kind": "standing-grant", "automation": "lab exec job", "command": "echo"});
    let said = newer_exec(&scheduled).unwrap();
    assert!(said.contains("automation “lab exec job”") && said.contains("until that is revoked"));
    scheduled["scope"]["expiresInDays"] = 30.into();
    assert!(newer_exec(&scheduled).unwrap().contains("for 30 days"));
}

#[test]
fn what_a_plugin_remembers_is_its_own_affair() {
    let approval = json!({"id": "plugin:1", "createdAtMs": 1, "request": {
        "pluginId": "onepassword", "allowedDecisions": ["allow-once", "allow-always", "deny"]}});
    let said = grant(&parse_approval(ApprovalKind::Plugin, &approval).unwrap()).unwrap();
    assert!(said.contains("the plugin “onepassword”") && said.contains("decides by itself"));
}

proptest! {
    #[test]
    fn any_request_says_what_always_leaves_exactly_where_it_is_offered(
        binary in ".{0,12}",
        commands in 0u64..4,
        is_offered in any::<bool>(),
        newer in any::<bool>(),
    ) {
        let mut request = request(&binary, commands);
        if !is_offered {
            request["allowedDecisions"] = json!(["allow-once", "deny"]);
        }
        let said = if newer { newer_exec(&request) } else { older_exec(&request) };
        prop_assert_eq!(said.is_some(), is_offered);
    }
}
