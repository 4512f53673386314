"""What the desk says to agents inside its mails, in the languages mail is written in. Dry: data and look-ups."""
