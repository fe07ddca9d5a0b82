//! What was used in a range of time, added up from the hours.
//!
//! Columns and words of the statements come from closed lists, values are always bound.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::{UsageBucket, UsageGroupBy};
use uuid::Uuid;

use crate::usage::times::COUNT_BITS;

/// Which hours are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The first hour.
    pub from: DateTime<Utc>,
    /// The hour after the last one.
    pub to: DateTime<Utc>,
    /// Of this group alone.
    pub group: Option<Uuid>,
    /// Answered by this instance alone.
    pub instance: Option<Uuid>,
    /// Of this key alone.
    pub key: Option<Uuid>,
    /// Of this user's keys alone.
    pub user: Option<Uuid>,
    /// Of this endpoint alone.
    pub endpoint: Option<&'static str>,
}

/// What is told apart: nothing, or these.
pub type Apart<'a> = Option<(UsageGroupBy, &'a [String])>;

/// One of what is told apart, with its requests in the whole range.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Subject {
    /// Its id.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// How many there are of them in all.
    #[diesel(sql_type = BigInt)]
    pub of: i64,
}

/// Numbers of one bucket and subject.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct NumbersRow {
    /// When the bucket begins.
    #[diesel(sql_type = Timestamptz)]
    pub bucket: DateTime<Utc>,
    /// Id of the subject; empty if nothing is told apart.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// Requests.
    #[diesel(sql_type = BigInt)]
    pub requests: i64,
    /// Those that got an error or a broken stream.
    #[diesel(sql_type = BigInt)]
    pub errors: i64,
    /// Those whose caller left.
    #[diesel(sql_type = BigInt)]
    pub caller_left: i64,
    /// Those for which more than one instance was asked.
    #[diesel(sql_type = BigInt)]
    pub failovers: i64,
    /// Those whose tokens are known.
    #[diesel(sql_type = BigInt)]
    pub with_tokens: i64,
    /// Tokens of requests.
    #[diesel(sql_type = BigInt)]
    pub prompt_tokens: i64,
    /// Tokens of answers.
    #[diesel(sql_type = BigInt)]
    pub completion_tokens: i64,
}

/// One bucket of the histograms of one bucket of time and subject.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TimesRow {
    /// When the bucket of time begins.
    #[diesel(sql_type = Timestamptz)]
    pub bucket: DateTime<Utc>,
    /// Id of the subject.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// Place of the bucket.
    #[diesel(sql_type = Integer)]
    pub place: i32,
    /// How many are in it.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = BigInt)]
    sum: i64,
}

/// Parameters 1 to 7.
const SELECTED: &str = "hour >= $1 AND hour < $2
    AND ($3 IS NULL OR group_id = $3) AND ($4 IS NULL OR instance_id = $4) AND ($5 IS NULL OR key_id = $5)
    AND ($6 IS NULL OR user_id = $6) AND ($7 IS NULL OR endpoint = $7)";

/// The column of the id as text, and that of the name.
fn columns(by: UsageGroupBy) -> (&'static str, &'static str) {
    match by {
        UsageGroupBy::Group => ("group_id", "group_name"),
        UsageGroupBy::Instance => ("instance_id", "instance_name"),
        UsageGroupBy::Key => ("key_id", "key_name"),
        UsageGroupBy::User => ("user_id", "user_name"),
        UsageGroupBy::Endpoint => ("endpoint", "endpoint"),
    }
}

type Statement = BoxedSqlQuery<'static, Pg, diesel::query_builder::SqlQuery>;

impl Selection {
    fn bound(&self, statement: String) -> Statement {
        diesel::sql_query(statement)
            .into_boxed::<Pg>()
            .bind::<Timestamptz, _>(self.from)
            .bind::<Timestamptz, _>(self.to)
            .bind::<Nullable<SqlUuid>, _>(self.group)
            .bind::<Nullable<SqlUuid>, _>(self.instance)
            .bind::<Nullable<SqlUuid>, _>(self.key)
            .bind::<Nullable<SqlUuid>, _>(self.user)
            .bind::<Nullable<Text>, _>(self.endpoint)
    }
}

/// What has the most requests, and how many there are of them.
///
/// # Errors
/// If the database fails.
pub async fn subjects(
    conn: &mut AsyncPgConnection,
    selection: &Selection,
    by: UsageGroupBy,
    limit: u32,
) -> QueryResult<Vec<Subject>> {
    let (id, _) = columns(by);
    let statement = format!(
        "SELECT {id}::text AS id, count(*) OVER () AS of FROM usage_hours WHERE {SELECTED}
         GROUP BY {id} ORDER BY sum(requests) DESC, {id} LIMIT $8"
    );
    selection
        .bound(statement)
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await
}

/// The latest names in the range.
///
/// # Errors
/// If the database fails.
pub async fn names(
    conn: &mut AsyncPgConnection,
    selection: &Selection,
    by: UsageGroupBy,
    ids: &[String],
) -> QueryResult<Vec<(String, String)>> {
    let (id, name) = columns(by);
    let statement = format!(
        "SELECT DISTINCT ON ({id}) {id}::text AS id, {name} AS name FROM usage_hours
         WHERE {SELECTED} AND {id}::text = ANY ($8) ORDER BY {id}, hour DESC"
    );
    let rows: Vec<NameRow> = selection
        .bound(statement)
        .bind::<Array<Text>, _>(ids.to_vec())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// The beginning of a bucket, what is told apart, and which of them are asked for (parameter 8).
fn parts(bucket: UsageBucket, apart: Apart<'_>) -> (&'static str, String, String, Vec<String>) {
    let bucket = match bucket {
        UsageBucket::Hour => "hour",
        UsageBucket::Day => "date_trunc('day', hour, 'UTC')",
        UsageBucket::Total => "$1",
    };
    match apart {
        None => (
            bucket,
            "''".to_owned(),
            "cardinality($8) = 0".to_owned(),
            Vec::new(),
        ),
        Some((by, ids)) => {
            let (id, _) = columns(by);
            let among = format!("{id}::text = ANY ($8)");
            (bucket, format!("{id}::text"), among, ids.to_vec())
        }
    }
}

/// The numbers of each bucket and subject.
///
/// # Errors
/// If the database fails.
pub async fn numbers(
    conn: &mut AsyncPgConnection,
    selection: &Selection,
    bucket: UsageBucket,
    apart: Apart<'_>,
) -> QueryResult<Vec<NumbersRow>> {
    let (bucket, subject, among, ids) = parts(bucket, apart);
    let sums = [
        "requests",
        "errors",
        "caller_left",
        "failovers",
        "with_tokens",
        "prompt_tokens",
        "completion_tokens",
    ];
    let sums = sums.map(|column| format!("sum({column})::bigint AS {column}"));
    let statement = format!(
        "SELECT {bucket} AS bucket, {subject} AS subject, {} FROM usage_hours
         WHERE {SELECTED} AND {among} GROUP BY 1, 2",
        sums.join(", ")
    );
    selection
        .bound(statement)
        .bind::<Array<Text>, _>(ids)
        .load(conn)
        .await
}

/// The histograms of each bucket and subject.
///
/// # Errors
/// If the database fails.
pub async fn times(
    conn: &mut AsyncPgConnection,
    selection: &Selection,
    bucket: UsageBucket,
    apart: Apart<'_>,
) -> QueryResult<Vec<TimesRow>> {
    let (bucket, subject, among, ids) = parts(bucket, apart);
    let mask = (1_i64 << COUNT_BITS) - 1;
    let statement = format!(
        "SELECT {bucket} AS bucket, {subject} AS subject, (item >> {COUNT_BITS})::integer AS place,
             sum(item & {mask})::bigint AS count
         FROM usage_hours, unnest(times) AS item WHERE {SELECTED} AND {among} GROUP BY 1, 2, 3"
    );
    selection
        .bound(statement)
        .bind::<Array<Text>, _>(ids)
        .load(conn)
        .await
}

/// Requests that were lost in a range.
///
/// # Errors
/// If the database fails.
pub async fn lost(
    conn: &mut AsyncPgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> QueryResult<i64> {
    let statement = "SELECT coalesce(sum(lost), 0)::bigint AS sum FROM usage_losses
                     WHERE hour >= $1 AND hour < $2";
    let row: SumRow = diesel::sql_query(statement)
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(to)
        .get_result(conn)
        .await?;
    Ok(row.sum)
}
