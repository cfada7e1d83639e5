//! What each system needs of its own.

#[cfg(target_os = "linux")]
pub mod linux;
#[cfg(not(target_os = "linux"))]
pub mod native;

#[cfg(target_os = "linux")]
pub use linux as current;
#[cfg(not(target_os = "linux"))]
pub use native as current;
