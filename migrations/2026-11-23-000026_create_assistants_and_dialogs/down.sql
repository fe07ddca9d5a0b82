DROP TABLE dialog_messages;
DROP TABLE dialogs;
DROP TABLE assistants;
