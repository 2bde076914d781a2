locals { a = <<EOT
foo
