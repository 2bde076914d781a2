three = "file"
four = "file"
