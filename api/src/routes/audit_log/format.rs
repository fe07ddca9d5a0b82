//! What a file of the audit log can be asked for.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::db::audit_log::RecordFilter;
use crate::error::ApiError;
use crate::routes::extract::{FromParams, Params};

/// What a file of the log looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated values with a line of names, UTF-8.
    Csv,
    /// JSON lines: a record on each, as in the list.
    Jsonl,
}

impl ExportFormat {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/x-ndjson; charset=utf-8",
        }
    }

    /// Also the ending of the file's name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// What the export is asked for, besides the filters of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that ExportQuery reads")]
pub struct ExportParams {
    /// What the file looks like.
    #[param(inline, default = "csv", example = "csv")]
    format: Option<ExportFormat>,
    /// Text to look for, regardless of case.
    #[param(max_length = 200, example = "gpu")]
    q: Option<String>,
}

/// What the export is asked for.
pub struct ExportQuery {
    pub(super) format: ExportFormat,
    pub(super) filter: RecordFilter,
}

impl FromParams for ExportQuery {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        let formats =
            [ExportFormat::Csv, ExportFormat::Jsonl].map(|format| (format.as_str(), format));
        let format = params.take_named("format", &formats)?;
        Ok(Self {
            format: format.unwrap_or(ExportFormat::Csv),
            filter: RecordFilter::from_params(params)?,
        })
    }
}
