one = "tfvars"
two = "tfvars"
three = "tfvars"
four = "tfvars"
