use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::BOTH;
use crate::gateway::GatewayOptions;
use crate::gateway::handshake::Visitor;
use crate::gateway::house::House;
use crate::gateway::proof::Challenge;
use crate::gateway::rpc::method_names;
use crate::gateway::wire::{Outbox, Outgoing};

const FIELDS: [&str; 12] = [
    "sessionKey",
    "message",
    "idempotencyKey",
    "runId",
    "limit",
    "id",
    "decision",
    "key",
    "model",
    "attachments",
    "patch",
    "requestId",
];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("agent:main:x")),
        Just(json!("deny")),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let field = prop_oneof![prop::sample::select(&FIELDS).prop_map(str::to_owned), ".{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_asked_gets_one_answer(params in anything(), frame in anything()) {
        let runtime = Runtime::new().unwrap();
        let _inside = runtime.enter();
        for generation in BOTH {
            let house = House::new(GatewayOptions::of(generation));
            let (queue, mut queued) = tokio::sync::mpsc::unbounded_channel();
            let outbox = Outbox { queue, waiting: Default::default(), cut: Default::default() };
            let challenge = Challenge { nonce: String::new(), ts: 0 };
            let visitor = Visitor { outbox, challenge, from_browser: false };
            let hello = json!({"type": "req", "id": "hello", "method": "connect", "params": {
                "minProtocol": 3, "maxProtocol": 4, "scopes": ["operator.admin", "operator.read"],
                "client": {"id": "gateway-client", "mode": "backend", "version": "1",
                    "platform": "linux"},
                "auth": {"token": GatewayOptions::default().token},
            }});
            let connection = house.with(|state| state.receive(visitor, &hello)).ok().unwrap();
            for (index, method) in method_names(generation).into_iter().enumerate() {
                let id = index.to_string();
                let request = json!({"type": "req", "id": id, "method": method, "params": params});
                house.with(|state| state.take_frame(connection, &request));
                house.with(|state| state.take_frame(connection, &frame));
            }
            let mut answers = 0;
            while let Ok(Outgoing::Text(text)) = queued.try_recv() {
                answers += usize::from(text.contains(r#""type":"res""#));
            }
            prop_assert_eq!(answers, method_names(generation).len() + 1);
            house.stop.cancel();
        }
    }
}
