//! The catalogue: datasets, their indicators, and periods.

use sea_orm_migration::{prelude::*, schema::*};

use crate::named::{check, create, drop, foreign, index, primary, words};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &dataset()).await?;
        create(manager, &indicator()).await?;
        create(manager, &period()).await?;
        manager.create_index(index("idx_indicator_dataset", "indicator", &["dataset_code", "position"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["period", "indicator", "dataset"]).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn dataset() -> TableCreateStatement {
    Table::create()
        .table("dataset")
        .col(string("code"))
        .col(integer("position"))
        .col(string("name"))
        .col(string_null("name_en"))
        .col(string_len("period_kind", 40))
        .col(string("source"))
        .primary_key(&mut primary("pk_dataset", &["code"]))
        .check(words("ck_dataset_period_kind", "period_kind", &["calendar_year", "school_year"]))
        .to_owned()
}

fn indicator() -> TableCreateStatement {
    Table::create()
        .table("indicator")
        .col(string("code"))
        .col(string("dataset_code"))
        .col(integer("position"))
        .col(string("line_no"))
        .col(string_null("parent_code"))
        .col(string_null("within_code"))
        .col(boolean("is_parts_complete"))
        .col(boolean("is_required"))
        .col(boolean("is_starred"))
        .col(string("label"))
        .col(string_null("label_en"))
        .col(string("printed_label"))
        .col(string("unit"))
        .col(string_null("unit_en"))
        .col(small_integer("decimals"))
        .col(string_len("aggregation", 40))
        .col(string_null("weight_code"))
        .col(big_integer_null("minimum"))
        .col(big_integer_null("maximum"))
        .col(big_integer_null("threshold"))
        .col(string_len_null("better", 40))
        .col(integer_null("usual_change"))
        .col(string_len("disclosure", 40))
        .col(string("source"))
        .primary_key(&mut primary("pk_indicator", &["code"]))
        .foreign_key(&mut foreign("fk_indicator_dataset", &["dataset_code"], "dataset", &["code"]))
        .check(words("ck_indicator_aggregation", "aggregation", &["sum", "mean", "median", "weighted_mean"]))
        .check(words("ck_indicator_better", "better", &["higher", "lower"]))
        .check(words("ck_indicator_disclosure", "disclosure", &["public", "aggregate", "internal"]))
        .check(check("ck_indicator_decimals", "decimals BETWEEN 0 AND 15"))
        .check(check("ck_indicator_bounds", "minimum <= maximum"))
        .check(check("ck_indicator_weight", "(aggregation = 'weighted_mean') = (weight_code IS NOT NULL)"))
        .check(check("ck_indicator_threshold", "(threshold IS NULL) = (better IS NULL)"))
        .check(check("ck_indicator_usual_change", "usual_change >= 0"))
        .to_owned()
}

fn period() -> TableCreateStatement {
    Table::create()
        .table("period")
        .col(string("code"))
        .col(string_len("kind", 40))
        .col(date("starts_on"))
        .col(date("ends_on"))
        .primary_key(&mut primary("pk_period", &["code"]))
        .check(words("ck_period_kind", "kind", &["calendar_year", "school_year"]))
        .check(check("ck_period_order", "starts_on <= ends_on"))
        .to_owned()
}
