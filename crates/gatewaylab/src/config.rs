use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{ScriptedModel, Version};

/// When the gateway asks before it runs a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecPolicy {
    /// It runs what its allowlist knows and asks about the rest.
    Ask,
    /// It asks about everything and allows everything: 2026.5.6 then runs a command when nobody
    /// has answered in 30 minutes.
    FullAskAlways,
    /// It never asks.
    Full,
}

/// How a gateway is set up.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// The release.
    pub version: Version,
    /// When it asks before it runs a command.
    pub exec: ExecPolicy,
    /// Whether a gateway started by root runs as the user 65534: 2026.9.6 offers `allow-always`
    /// only for programs that its own user cannot change. Without effect for anybody else.
    pub run_as_user: bool,
    /// Whether it starts the channels of its configuration, such as a [`crate::LabMessenger`].
    pub with_channels: bool,
    /// More configuration, merged object by object over `openclaw.json`.
    pub extra: Value,
}

impl GatewayOptions {
    /// A gateway that asks before commands and runs as the user of this process.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            exec: ExecPolicy::Ask,
            run_as_user: false,
            with_channels: false,
            extra: Value::Null,
        }
    }
}

/// Builds `openclaw.json` for a gateway whose home is `home`.
pub(crate) fn openclaw_json(
    options: &GatewayOptions,
    model: &ScriptedModel,
    home: &Path,
    port: u16,
    token: &SecretString,
) -> Value {
    let mut config = json!({
        "gateway": {
            "mode": "local",
            "bind": "loopback",
            "port": port,
            "auth": {"mode": "token", "token": token.expose_secret()},
        },
        "models": {
            "providers": {ScriptedModel::PROVIDER: {
                "api": "openai-completions",
                "baseUrl": model.base_url().as_str(),
                "apiKey": "unused",
                "models": [
                    model_entry(ScriptedModel::TALKER, false),
                    model_entry(ScriptedModel::THINKER, true),
                ],
            }},
        },
        "agents": {"defaults": {
            "model": {"primary": format!("{}/{}", ScriptedModel::PROVIDER, ScriptedModel::TALKER)},
            "skipBootstrap": true,
            "heartbeat": {"every": "0m"},
        }},
        "tools": {"exec": exec(options)},
        "logging": {"file": home.join("openclaw.log")},
        "update": {"checkOnStart": false},
        "discovery": {"mdns": {"mode": "off"}},
    });
    merge(&mut config, &stay_offline(options.version));
    merge(&mut config, &options.extra);
    config
}

fn model_entry(id: &str, reasoning: bool) -> Value {
    json!({
        "id": id,
        "name": format!("Scripted {id}"),
        "reasoning": reasoning,
        "input": ["text", "image"],
        "contextWindow": 200_000,
        "maxTokens": 8_192,
        "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
    })
}

fn exec(options: &GatewayOptions) -> Value {
    match (options.exec, options.version) {
        (ExecPolicy::Ask, Version::V2026_9_6) => json!({"host": "gateway", "mode": "ask"}),
        (ExecPolicy::Ask, Version::V2026_5_6) => {
            json!({"host": "gateway", "security": "allowlist", "ask": "on-miss"})
        }
        (ExecPolicy::FullAskAlways, _) => {
            json!({"host": "gateway", "security": "full", "ask": "always"})
        }
        (ExecPolicy::Full, Version::V2026_9_6) => json!({"host": "gateway", "mode": "full"}),
        (ExecPolicy::Full, Version::V2026_5_6) => {
            json!({"host": "gateway", "security": "full", "ask": "off"})
        }
    }
}

fn stay_offline(version: Version) -> Value {
    match version {
        Version::V2026_9_6 => json!({"models": {"catalogRefresh": {"enabled": false}}}),
        Version::V2026_5_6 => json!({"models": {"pricing": {"enabled": false}}}),
    }
}

fn merge(base: &mut Value, over: &Value) {
    let Some(over) = over.as_object() else { return };
    for (key, value) in over {
        let slot = &mut base[key.as_str()];
        if slot.is_object() && value.is_object() {
            merge(slot, value);
        } else {
            *slot = value.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_configuration_replaces_values_and_keeps_their_neighbours() {
        let mut base = json!({"gateway": {"port": 1, "bind": "loopback"}, "list": [1]});
        merge(&mut base, &json!({"gateway": {"port": 2}, "list": [], "new": {"a": 1}}));
        let merged =
            json!({"gateway": {"port": 2, "bind": "loopback"}, "list": [], "new": {"a": 1}});
        assert_eq!(base, merged);
        merge(&mut base, &Value::Null);
        assert_eq!(base, merged);
    }
}
