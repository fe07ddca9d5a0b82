ALTER TABLE dialog_messages DROP COLUMN finish_reason;
