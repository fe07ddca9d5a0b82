ALTER TABLE dialogs DROP COLUMN answering_id;
