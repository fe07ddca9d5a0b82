-- Of an answer that is complete by its form and not by its meaning: what the model, or whoever runs it, cut it off by.
ALTER TABLE dialog_messages ADD COLUMN finish_reason text CHECK (finish_reason IN ('length', 'content_filter'));
