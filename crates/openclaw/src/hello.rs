use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

/// Versions of the protocol that we speak.
pub(crate) const PROTOCOLS: RangeInclusive<u32> = 3..=4;
/// How often a gateway gives a sign of life unless it says otherwise.
const TICK_INTERVAL: Duration = Duration::from_secs(30);
/// Shortest interval that is believed.
const SHORTEST_TICK_INTERVAL: Duration = Duration::from_millis(100);
/// Longest interval that is believed: silence must be noticed some day.
const LONGEST_TICK_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// Largest message that a gateway takes unless it says otherwise, in bytes.
const MAX_PAYLOAD: usize = 25 * 1024 * 1024;

/// What the gateway says about itself and about this connection once it has accepted it.
#[derive(Clone, Debug)]
pub struct Hello {
    /// Version of the protocol that both will speak.
    pub protocol: u32,
    /// Generation that the version belongs to.
    pub generation: Generation,
    /// Version of OpenClaw, such as `2026.9.6`.
    pub server_version: Option<String>,
    /// Names one run of the gateway's process (newer generation): another id, another process.
    pub boot_id: Option<String>,
    /// How long the gateway's process has run, in milliseconds.
    pub uptime_ms: Option<u64>,
    /// Agent that answers where none is named.
    pub default_agent: String,
    /// Methods that the gateway knows, whether this connection may call them or not.
    pub methods: HashSet<String>,
    /// Device token for later connections; replaces the one before.
    pub device_token: Option<SecretString>,
    /// Scopes that were granted; on the older generation those of the stored device token.
    pub scopes: Vec<String>,
    /// How often the gateway gives a sign of life.
    pub tick_interval: Duration,
    /// Largest message that the gateway takes, in bytes.
    pub max_payload: usize,
    /// Largest attachment that the gateway takes, in bytes, where it says so.
    pub max_attachment: Option<u64>,
}

/// The two ways in which gateways behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Protocol 3: a run ends where an approval begins.
    Older,
    /// Protocol 4: an approval is waited for inside the run.
    Newer,
}

/// Why an answer is no greeting that we can work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// It has not the form of a greeting.
    #[error("the greeting cannot be understood")]
    Malformed,
    /// It names a protocol that we do not speak.
    #[error("the greeting is of protocol {0}")]
    Protocol(u32),
}

impl Hello {
    /// Reads `hello-ok`; only its type and protocol must be there.
    ///
    /// # Errors
    /// [`HelloError`] when it has another form, or is of another protocol.
    pub fn parse(payload: &Value) -> Result<Self, HelloError> {
        if payload.get("type").and_then(Value::as_str) != Some("hello-ok") {
            return Err(HelloError::Malformed);
        }
        let protocol = payload
            .get("protocol")
            .and_then(Value::as_u64)
            .and_then(|protocol| u32::try_from(protocol).ok())
            .ok_or(HelloError::Malformed)?;
        let generation = match protocol {
            3 => Generation::Older,
            4 => Generation::Newer,
            other => return Err(HelloError::Protocol(other)),
        };
        let text = |pointer| payload.pointer(pointer).and_then(Value::as_str).map(String::from);
        let number = |pointer| payload.pointer(pointer).and_then(Value::as_u64);
        let texts = |pointer| {
            payload
                .pointer(pointer)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|item| item.as_str().map(ToOwned::to_owned))
        };
        Ok(Self {
            protocol,
            generation,
            server_version: text("/server/version"),
            boot_id: text("/server/bootId"),
            uptime_ms: number("/snapshot/uptimeMs"),
            default_agent: text("/snapshot/sessionDefaults/defaultAgentId")
                .filter(|agent| !agent.is_empty())
                .unwrap_or_else(|| "main".into()),
            methods: texts("/features/methods").collect(),
            device_token: text("/auth/deviceToken").map(SecretString::from),
            scopes: texts("/auth/scopes").collect(),
            tick_interval: number("/policy/tickIntervalMs")
                .filter(|interval| *interval > 0)
                .map_or(TICK_INTERVAL, Duration::from_millis)
                .clamp(SHORTEST_TICK_INTERVAL, LONGEST_TICK_INTERVAL),
            max_payload: number("/policy/maxPayload")
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(MAX_PAYLOAD),
            max_attachment: number("/policy/attachments/maxBytes"),
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_greeting_without_details_is_completed_with_what_is_usual() {
        let hello = Hello::parse(&json!({"type": "hello-ok", "protocol": 3})).unwrap();
        assert_eq!(hello.generation, Generation::Older);
        assert_eq!(hello.default_agent, "main");
        assert_eq!(hello.tick_interval, Duration::from_secs(30));
        assert!(hello.methods.is_empty() && hello.device_token.is_none());
    }

    #[test]
    fn the_agent_and_the_limits_are_taken_from_the_greeting() {
        let hello = Hello::parse(&json!({
            "type": "hello-ok", "protocol": 4,
            "snapshot": {"sessionDefaults": {"defaultAgentId": "ada"}},
            "auth": {"deviceToken": "hush", "scopes": ["operator.read"]},
            "policy": {"maxPayload": 1000, "tickIntervalMs": 5000, "attachments": {"maxBytes": 9}},
        }))
        .unwrap();
        assert_eq!((hello.generation, hello.default_agent.as_str()), (Generation::Newer, "ada"));
        assert_eq!(hello.device_token.as_ref().unwrap().expose_secret(), "hush");
        assert!(!format!("{hello:?}").contains("hush"));
        assert_eq!((hello.max_payload, hello.max_attachment), (1000, Some(9)));
        assert_eq!(hello.tick_interval, Duration::from_secs(5));
    }

    #[test]
    fn an_absurd_tick_interval_is_not_believed() {
        let interval = |millis: u64| {
            let policy = json!({"tickIntervalMs": millis});
            let greeting = json!({"type": "hello-ok", "protocol": 4, "policy": policy});
            Hello::parse(&greeting).unwrap().tick_interval
        };
        assert_eq!(interval(0), TICK_INTERVAL);
        assert_eq!(interval(1), SHORTEST_TICK_INTERVAL);
        assert_eq!(interval(u64::MAX), LONGEST_TICK_INTERVAL);
    }

    #[test]
    fn what_is_no_greeting_or_of_another_protocol_is_refused() {
        for payload in [json!(null), json!({"protocol": 4}), json!({"type": "hello-ok"})] {
            assert_eq!(Hello::parse(&payload).unwrap_err(), HelloError::Malformed);
        }
        let future = json!({"type": "hello-ok", "protocol": 5});
        assert_eq!(Hello::parse(&future).unwrap_err(), HelloError::Protocol(5));
    }
}
