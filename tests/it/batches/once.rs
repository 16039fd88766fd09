//! Batches under an `Idempotency-Key`: one effect and one answer, small or large.

use entity::{batch, batch_part, journal, revision};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use zhiqiao::domain::batches;

use super::{files, large};
use crate::{
    app::{Answer, Caller, TestApp},
    wire::send,
};

async fn under(caller: &Caller, key: &str, text: &str) -> Answer {
    let headers = [("content-type", "text/csv"), ("idempotency-key", key)];
    send(caller, "POST", "/v1/batches", &headers, text.to_owned()).await
}

/// How many batches there are, how many of them have ended, and how many revisions of batches there are.
async fn effects(app: &TestApp) -> (u64, u64, u64) {
    let db = app.house.db.read();
    let ended = journal::Entity::find().filter(journal::Column::Action.eq("batch.finished"));
    let written = revision::Entity::find().filter(revision::Column::Source.eq("bulk"));
    let batches = batch::Entity::find().count(db).await.unwrap();
    (batches, ended.count(db).await.unwrap(), written.count(db).await.unwrap())
}

#[tokio::test]
async fn a_small_batch_of_one_key_is_taken_once() {
    let app = TestApp::new().await;
    let server = app.serve().await;
    let school = server.client("school-62001").await;
    let before = effects(&app).await;
    let text = files::csv(&[
        ["62001", "talent", "2031", "talent.graduates", "8000"],
        ["62001", "talent", "2032", "talent.graduates", "x"],
    ]);
    let first = under(&school, "k", &text).await.expect(200);
    let batch = first.json();
    assert_eq!((&batch["state"], batch["tables"].as_array().unwrap().len()), (&"done".into(), 2));
    let again = under(&school, "k", &text).await.expect(200);
    assert_eq!((again.text.as_str(), again.header("idempotency-replayed")), (first.text.as_str(), Some("true")));
    assert_eq!(effects(&app).await, (before.0 + 1, before.1 + 1, before.2 + 1));
    // What was answered is what is there.
    let path = first.header("location").unwrap();
    assert_eq!(school.get(path).await.expect(200).json(), batch);
    under(&school, "k", &text.replace("8000", "8001")).await.expect(422);
    server.stop().await;
}

/// The process dies between the last piece of the file and the answer: the batch has never been sent.
#[tokio::test]
async fn a_large_batch_begins_with_its_answer() {
    let app = TestApp::new().await;
    let (text, ..) = large(&app);
    let before = effects(&app).await;
    let school = super::client(&app, zhiqiao::authz::Role::Province, "620000", "province-620000");
    let once = std::sync::Arc::new(zhiqiao::ctx::once::Once::new(&school.actor, "POST /v1/batches", "k"));
    let ctx = school.with(std::sync::Arc::clone(&once));
    let kept = super::take_in(&ctx, &text).await;
    assert_eq!(kept.row.state.word(), "running");
    drop((ctx, once));
    assert!(
        !batches::work(&app.system(), &app.house.tray, &|| false).await.unwrap(),
        "nobody was told that it is taken"
    );
    assert_eq!(effects(&app).await, (before.0 + 1, before.1, before.2));

    // Sent again, twice, it is one.
    let server = app.serve().await;
    let province = server.client("province-620000").await;
    let (one, other) = tokio::join!(under(&province, "k", &text), under(&province, "k", &text));
    let (one, other) = (one.expect(202), other.expect(202));
    assert_eq!(one.text, other.text);
    let path = one.header("location").unwrap();
    while province.get(path).await.expect(200).json()["state"] == "running" {
        tokio::task::yield_now().await;
    }
    assert_eq!(effects(&app).await.1, before.1 + 1);
    let left = batch_part::Entity::find().count(app.house.db.read()).await.unwrap();
    assert!(left > 0, "the file that never came to its end is thrown away a day later");
    server.stop().await;
}
