//! The cryptography of encrypted sessions, of which the cloud sees nothing but envelopes.
//!
//! A session has one [`ContentKey`]; from it come a [`BlobKey`] for each kind of content. It travels
//! from device to device in a [`SealedGrant`], which only the [`DeviceKey`] opens that it is for.
//!
//! What a tag protects is the content, not its place: the cloud can repeat an envelope, or put one
//! of the same key in another's place. It can also replace any envelope by the one that stands for
//! empty text, which has no tag.

mod base64_text;
mod blind_index;
mod blob_key;
mod content_key;
mod device_key;
mod device_public_key;
mod error;
mod hex;
mod requests;
mod symmetric;
mod tool_file;

pub use blind_index::{BlindIndex, InvalidBlindIndex};
pub use blob_key::{AgentFile, Approvals, BlobKey, Envelope, Messages, Tasks};
pub use content_key::ContentKey;
pub use device_key::DeviceKey;
pub use device_public_key::{DevicePublicKey, InvalidPublicKey, SealedGrant};
pub use error::{NoRandomness, OpenError, SealError};
pub use hex::key_from_hex;
pub use requests::{DeviceRegistered, GrantSessionKey, Recipient, RegisterDevice};
pub use tool_file::{FileTool, NotifyToolFile};
