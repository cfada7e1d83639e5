//! Timed jobs. They are kept and shown, and run only when somebody runs them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::RpcError;
use super::house::State;
use super::ids::{now_ms, uuid};
use super::keys::AGENT;
use super::rpc::Caller;
use super::run::Task;
use super::sessions::Message;
use super::wire::Audience;

type Params = Map<String, Value>;

/// The jobs and their runs, by the job's id.
#[derive(Default)]
pub(super) struct CronJobs {
    jobs: BTreeMap<String, Value>,
    runs: Vec<Value>,
}

impl State {
    /// Answers `cron.list`.
    pub(super) fn cron_list(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let all = params.get("includeDisabled") == Some(&Value::Bool(true));
        let jobs = self.cron.jobs.values().filter(|job| all || job["enabled"] == true);
        let jobs: Vec<&Value> = jobs.collect();
        Ok(json!({
            "jobs": jobs, "total": jobs.len(), "offset": 0, "limit": 50, "hasMore": false,
            "nextOffset": null, "deliveryPreviews": {},
        }))
    }

    /// Answers `cron.status`.
    pub(super) fn cron_status(&mut self, _: &Caller, _: &Params) -> Result<Value, RpcError> {
        Ok(json!({"enabled": true, "jobs": self.cron.jobs.len(), "nextWakeAtMs": null}))
    }

    /// Answers `cron.runs`.
    pub(super) fn cron_runs(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let of = params.get("id");
        let runs = self.cron.runs.iter().filter(|run| of.is_none_or(|id| run["jobId"] == *id));
        let entries: Vec<&Value> = runs.collect();
        Ok(json!({
            "entries": entries, "total": entries.len(), "offset": 0, "limit": 50,
            "hasMore": false, "nextOffset": null,
        }))
    }

    /// Answers `cron.add`.
    pub(super) fn cron_add(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let mut job = Value::Object(params.clone());
        let id = uuid();
        job["id"] = id.as_str().into();
        job["enabled"] = params.get("enabled").cloned().unwrap_or(Value::Bool(true));
        job["createdAtMs"] = now_ms().into();
        job["updatedAtMs"] = now_ms().into();
        job["state"] = json!({});
        self.cron.jobs.insert(id.clone(), job.clone());
        self.tell_of_job("added", &id, &job);
        Ok(job)
    }

    /// Answers `cron.update`.
    pub(super) fn cron_update(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let id = job_id(params);
        let job = self.cron.jobs.get_mut(id).ok_or_else(|| unknown_job(id))?;
        let patch = params.get("patch").and_then(Value::as_object);
        for (field, value) in patch.into_iter().flatten() {
            job[field] = value.clone();
        }
        job["updatedAtMs"] = now_ms().into();
        let job = job.clone();
        self.tell_of_job("updated", id, &job);
        Ok(job)
    }

    /// Answers `cron.remove`.
    pub(super) fn cron_remove(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let id = job_id(params);
        let removed = self.cron.jobs.remove(id);
        if let Some(job) = &removed {
            self.tell_of_job("removed", id, job);
        }
        Ok(json!({"ok": true, "removed": removed.is_some()}))
    }

    /// Answers `cron.run`: the job's message goes to a session of its own.
    pub(super) fn cron_run(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let id = job_id(params).to_owned();
        let job = self.cron.jobs.get(&id).cloned().ok_or_else(|| unknown_job(&id))?;
        let run_id = uuid();
        let session_key = format!("agent:{AGENT}:cron:{id}:run:{run_id}");
        let text = job["payload"]["message"].as_str().unwrap_or_default().to_owned();
        let message = Message {
            text,
            has_image: false,
            key: None,
            starter: None,
            device: None,
            raw_session: session_key.clone(),
            at_ms: now_ms(),
        };
        self.start_run(&run_id, &session_key, Task::Message(message), true);
        self.cron.runs.push(json!({
            "jobId": id, "runId": run_id, "runAtMs": now_ms(), "status": "ok",
            "sessionKey": session_key,
        }));
        self.tell_of_job("started", &id, &job);
        Ok(json!({"ok": true, "enqueued": true, "runId": format!("manual:{id}:{}:1", now_ms())}))
    }

    fn tell_of_job(&mut self, action: &str, id: &str, job: &Value) {
        let payload = json!({"jobId": id, "action": action, "job": job});
        self.wire.event("cron", &payload, Audience::Readers);
    }
}

fn job_id(params: &Params) -> &str {
    params.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn unknown_job(id: &str) -> RpcError {
    RpcError::invalid(&format!("unknown cron job id: {id}"))
}
