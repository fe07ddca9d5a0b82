//! Dialogs and their messages.

use understudy_shared as wire;

use super::events::EventStream;
use super::transport::Request;
use super::{Api, ApiError};

const PATH: &str = "/api/v1/dialogs";

impl Api {
    /// The dialogs that `query` selects: the part of the address after `?`.
    pub async fn list_dialogs(self, query: &str) -> Result<wire::Page<wire::Dialog>, ApiError> {
        self.get(format!("{PATH}?{query}")).await
    }

    /// One dialog.
    pub async fn get_dialog(self, id: wire::DialogId) -> Result<wire::Dialog, ApiError> {
        self.get(format!("{PATH}/{id}")).await
    }

    /// Begins a dialog.
    pub async fn create_dialog(self, body: &wire::CreateDialog) -> Result<wire::Dialog, ApiError> {
        self.post(PATH, body).await
    }

    /// Changes a dialog. Nobody else has it, so its version does not matter.
    pub async fn update_dialog(
        self,
        id: wire::DialogId,
        body: &wire::UpdateDialog,
    ) -> Result<wire::Dialog, ApiError> {
        let request = Request::new("PATCH", format!("{PATH}/{id}"));
        self.send(request.json(body)?).await?.read()
    }

    /// Deletes a dialog with all that was said in it.
    pub async fn delete_dialog(self, id: wire::DialogId) -> Result<(), ApiError> {
        let request = Request::new("DELETE", format!("{PATH}/{id}"));
        self.send(request).await?.succeeded()
    }

    /// A dialog as Markdown.
    pub async fn export_dialog(self, id: wire::DialogId) -> Result<String, ApiError> {
        let request = Request::get(format!("{PATH}/{id}/export"));
        self.send(request).await?.into_text()
    }

    /// Up to `limit` messages, the newest first, without the `offset` newest.
    pub async fn dialog_messages(
        self,
        id: wire::DialogId,
        limit: usize,
        offset: usize,
    ) -> Result<wire::Page<wire::Message>, ApiError> {
        let path = format!("{PATH}/{id}/messages?sort=-created_at&limit={limit}&offset={offset}");
        self.get(path).await
    }

    /// Asks a question; the answer comes piece by piece. Dropping it stops the answer, and what has come is kept.
    pub async fn ask_in_dialog(
        self,
        id: wire::DialogId,
        body: &wire::CreateMessage,
    ) -> Result<EventStream, ApiError> {
        let request = Request::new("POST", format!("{PATH}/{id}/messages")).json(body)?;
        Ok(EventStream::new(self.stream(request).await?))
    }

    /// Has a question answered again, as [`Self::ask_in_dialog`].
    pub async fn retry_in_dialog(
        self,
        id: wire::DialogId,
        question: wire::MessageId,
    ) -> Result<EventStream, ApiError> {
        let path = format!("{PATH}/{id}/messages/{question}/retry");
        let request = Request::new("POST", path).json(&wire::RetryMessage { stream: true })?;
        Ok(EventStream::new(self.stream(request).await?))
    }
}
