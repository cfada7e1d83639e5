//! x
#[tokio::test]
async fn scratch() {
    let schema = gatewaylab::protocol_schema(&|l| println!("{} {l}", std::process::id())).await.unwrap();
    let t = std::time::Instant::now();
    gatewaylab::FrameValidator::new(&schema).unwrap();
    println!("{} ok compile {:?}", std::process::id(), t.elapsed());
}
