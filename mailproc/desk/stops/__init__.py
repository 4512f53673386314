"""What stops mail: our own coming back, machines that answer, more automatic mail than anybody wants. Dry."""
