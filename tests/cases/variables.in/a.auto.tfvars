two = "auto"
three = "auto"
four = "auto"
