use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::command::about;
use super::{
    Devices, Nodes, Notification, PairingError, RotatedToken, SenderRequest, Senders, SetupAccess,
    SetupCode,
};
use crate::error::can_be_typed;
use crate::{Call, Client, DeviceId, DeviceRole, Generation, Hello, RequestId};

/// How long an answer may take; a gateway may have to disconnect a device first.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Longest name that a gateway takes for a device, in characters.
const LONGEST_NAME: usize = 64;
const LIST_DEVICES: &str = "devices list";
const LIST_NODES: &str = "nodes pending";

/// Asks a gateway about who joins, over a connection that has the scope `operator.pairing` and
/// signed in with the shared token: with a device token it would see and manage only itself.
#[derive(Clone, Debug)]
pub struct Pairing {
    client: Client,
    methods: Arc<HashSet<String>>,
    generation: Generation,
}

impl Pairing {
    /// Asks over this connection, of what its greeting says the gateway can do.
    pub fn new(client: Client, hello: &Hello) -> Self {
        Self { client, methods: Arc::new(hello.methods.clone()), generation: hello.generation }
    }

    /// Lists devices and their requests.
    ///
    /// # Errors
    /// [`PairingError`], as all methods here; after a missing answer it may have been done.
    pub async fn devices(&self) -> Result<Devices, PairingError> {
        let answer = self.ask("device.pair.list", json!({}), None).await?;
        Devices::parse(&answer).ok_or(PairingError::Unreadable)
    }

    /// Lets a device join, or be what it asks to be.
    ///
    /// # Errors
    /// [`PairingError::MissingScope`] unless the connection has every scope that the device asks
    /// for; [`PairingError::Denied`] for a node, of the newer generation.
    pub async fn approve_device(&self, request: &RequestId) -> Result<(), PairingError> {
        let command = about("devices approve", request.as_str(), LIST_DEVICES);
        let params = json!({"requestId": request});
        let answer = self.ask("device.pair.approve", params, Some(command)).await;
        let waits = |devices: &Devices| devices.pending.iter().any(|asks| asks.id == *request);
        self.unless_gone(answer, waits).await.map(drop)
    }

    /// Turns a device's request down; it may ask again.
    ///
    /// # Errors
    /// As [`Pairing::devices`].
    pub async fn reject_device(&self, request: &RequestId) -> Result<(), PairingError> {
        let command = about("devices reject", request.as_str(), LIST_DEVICES);
        let params = json!({"requestId": request});
        self.ask("device.pair.reject", params, Some(command)).await.map(drop)
    }

    /// Removes a device with all its tokens and requests, and disconnects it. One on the gateway's
    /// own computer that knows the shared token joins again by itself.
    ///
    /// # Errors
    /// As [`Pairing::devices`].
    pub async fn remove_device(&self, device: &DeviceId) -> Result<(), PairingError> {
        let command = about("devices remove", device.as_str(), LIST_DEVICES);
        let params = json!({"deviceId": device});
        self.ask("device.pair.remove", params, Some(command)).await.map(drop)
    }

    /// Gives a device a name that goes before its own.
    ///
    /// # Errors
    /// [`PairingError::NotOffered`] by the older generation; [`PairingError::UnfitName`].
    pub async fn rename_device(&self, device: &DeviceId, name: &str) -> Result<(), PairingError> {
        let name = name.trim();
        let is_fit = (1..=LONGEST_NAME).contains(&name.chars().count());
        if !is_fit || name.chars().any(char::is_control) {
            return Err(PairingError::UnfitName);
        }
        let params = json!({"deviceId": device, "label": name});
        self.ask("device.pair.rename", params, None).await.map(drop)
    }

    /// Makes a device's token another one, and disconnects the device.
    ///
    /// # Errors
    /// [`PairingError::Denied`] unless the connection has every scope of the token.
    pub async fn rotate_token(
        &self,
        device: &DeviceId,
        role: &DeviceRole,
    ) -> Result<RotatedToken, PairingError> {
        let answer = self.ask_about_token("device.token.rotate", "rotate", device, role).await?;
        Ok(RotatedToken::parse(&answer))
    }

    /// Revokes a device's token, and disconnects the device. It has still joined, but has to ask
    /// before it may sign in for this role again.
    ///
    /// # Errors
    /// As [`Pairing::rotate_token`].
    pub async fn revoke_token(
        &self,
        device: &DeviceId,
        role: &DeviceRole,
    ) -> Result<(), PairingError> {
        self.ask_about_token("device.token.revoke", "revoke", device, role).await.map(drop)
    }

    /// Lists nodes and what they offer.
    ///
    /// # Errors
    /// As [`Pairing::devices`].
    pub async fn nodes(&self) -> Result<Nodes, PairingError> {
        let answer = self.ask("node.pair.list", json!({}), None).await?;
        Nodes::parse(&answer).ok_or(PairingError::Unreadable)
    }

    /// Lets agents use a node's commands.
    ///
    /// # Errors
    /// [`PairingError::MissingScope`] unless the connection has what the request says it takes.
    pub async fn approve_node(&self, request: &RequestId) -> Result<(), PairingError> {
        let command = about("nodes approve", request.as_str(), LIST_NODES);
        let params = json!({"requestId": request});
        self.ask("node.pair.approve", params, Some(command)).await.map(drop)
    }

    /// Turns a node's offer down.
    ///
    /// # Errors
    /// As [`Pairing::devices`].
    pub async fn reject_node(&self, request: &RequestId) -> Result<(), PairingError> {
        let command = about("nodes reject", request.as_str(), LIST_NODES);
        let params = json!({"requestId": request});
        self.ask("node.pair.reject", params, Some(command)).await.map(drop)
    }

    /// Takes a node's approval back. The newer generation also disconnects it, and forgets that
    /// the device has joined as a node.
    ///
    /// # Errors
    /// As [`Pairing::devices`].
    pub async fn remove_node(&self, node: &DeviceId) -> Result<(), PairingError> {
        let command = about("nodes remove --node", node.as_str(), "nodes list");
        let params = json!({"nodeId": node});
        self.ask("node.pair.remove", params, Some(command)).await.map(drop)
    }

    /// Lists unknown senders of all channels and accounts.
    ///
    /// # Errors
    /// [`PairingError::NotOffered`] by the older generation.
    pub async fn senders(&self) -> Result<Senders, PairingError> {
        let command = "openclaw pairing list".to_owned();
        let answer = self.ask("channels.pairing.list", json!({}), Some(command)).await?;
        Senders::parse(&answer).ok_or(PairingError::Unreadable)
    }

    /// Lets a person talk to the agent in private, and tells them if wished. Groups and an owner's
    /// commands are not part of that.
    ///
    /// # Errors
    /// [`PairingError::NotOffered`] by the older generation.
    pub async fn approve_sender(
        &self,
        request: &SenderRequest,
        notify: bool,
    ) -> Result<Notification, PairingError> {
        let mut params = of_sender(request);
        params["notify"] = notify.into();
        let command = about("pairing list", &request.account.channel, "pairing list");
        let answer = self.ask("channels.pairing.approve", params, Some(command)).await?;
        Ok(Notification::parse(&answer))
    }

    /// Drops a person's request without an answer; they may ask again.
    ///
    /// # Errors
    /// [`PairingError::NotOffered`] by the older generation.
    pub async fn dismiss_sender(&self, request: &SenderRequest) -> Result<(), PairingError> {
        self.ask("channels.pairing.dismiss", of_sender(request), None).await.map(drop)
    }

    /// Makes a code for a phone, that looks for the gateway at this URL or where its configuration
    /// says.
    ///
    /// # Errors
    /// [`PairingError::NotOffered`] by the older generation; [`PairingError::MissingScope`] unless
    /// the connection has `operator.admin`; [`PairingError::Failed`] where the gateway listens on
    /// its own computer alone and no URL is given.
    pub async fn setup_code(
        &self,
        url: Option<&str>,
        access: SetupAccess,
    ) -> Result<SetupCode, PairingError> {
        let command = Some("openclaw qr".to_owned());
        // The newer generation has the method, and does not list it.
        if self.generation == Generation::Older {
            return Err(PairingError::NotOffered { command });
        }
        let mut params = json!({});
        if let Some(url) = url {
            params["publicUrl"] = url.into();
        }
        if let Some(profile) = access.profile() {
            params["bootstrapProfile"] = profile.into();
        }
        let answer = self.call("device.pair.setupCode", params, command).await?;
        SetupCode::parse(&answer).ok_or(PairingError::Unreadable)
    }

    /// Says whether the gateway can do what the method does; one that names none may do all.
    fn offers(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    async fn ask(
        &self,
        method: &'static str,
        params: Value,
        command: Option<String>,
    ) -> Result<Value, PairingError> {
        // Asked all the same, a gateway would answer that a scope is missing.
        if !self.offers(method) {
            return Err(PairingError::NotOffered { command });
        }
        self.call(method, params, command).await
    }

    async fn call(
        &self,
        method: &'static str,
        params: Value,
        command: Option<String>,
    ) -> Result<Value, PairingError> {
        let answer = self.client.call(&Call::Query { method, params }, ANSWER_WITHIN).await;
        answer.map_err(|error| PairingError::of(error, command))
    }

    async fn ask_about_token(
        &self,
        method: &'static str,
        verb: &str,
        device: &DeviceId,
        role: &DeviceRole,
    ) -> Result<Value, PairingError> {
        let role_text = role.as_str();
        let command = if can_be_typed(role_text) {
            let of_role = format!("devices {verb} --role {role_text} --device");
            about(&of_role, device.as_str(), LIST_DEVICES)
        } else {
            format!("openclaw {LIST_DEVICES}")
        };
        let params = json!({"deviceId": device, "role": role});
        let answer = self.ask(method, params, Some(command)).await;
        let has_token = |devices: &Devices| {
            let known = devices.paired.iter().find(|known| known.id == *device);
            known.is_some_and(|known| known.token(role_text).is_some())
        };
        self.unless_gone(answer, has_token).await
    }

    /// Tells what is gone from what is denied: gateways say the same of both.
    async fn unless_gone(
        &self,
        answer: Result<Value, PairingError>,
        is_there: impl Fn(&Devices) -> bool,
    ) -> Result<Value, PairingError> {
        match answer {
            Err(PairingError::Denied { .. }) if !is_there(&self.devices().await?) => {
                Err(PairingError::Gone)
            }
            other => other,
        }
    }
}

fn of_sender(request: &SenderRequest) -> Value {
    let account = &request.account;
    json!({
        "channel": account.channel,
        "accountId": account.account,
        "requestId": request.id,
    })
}
