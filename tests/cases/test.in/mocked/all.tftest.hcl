mock_provider "aws" {
  source = "./mocks"

  override_resource {
    target = module.net.aws_subnet.this[0]
    values = { id = "subnet-first" }
  }
}

mock_provider "aws" {
  alias           = "second"
  override_during = plan

  mock_resource "aws_vpc" {
    defaults = { id = "vpc-second" }
  }
}

run "planned" {
  command = plan

  assert {
    condition     = aws_vpc.main.tags["Owner"] == "123456789012"
    error_message = "Data sources are read while planning."
  }

  assert {
    condition     = aws_vpc.second.id == "vpc-second" && aws_vpc.second.enable_dns_support
    error_message = "The second provider's values are known while planning, and defaults hold."
  }
}

run "applied" {
  assert {
    condition     = aws_vpc.main.id == "vpc-mock" && output.subnet == "subnet-first"
    error_message = "Mocked values are ${aws_vpc.main.id} and ${output.subnet}."
  }

  assert {
    condition     = length(aws_vpc.main.main_route_table_id) == 8
    error_message = "What nobody says is made up."
  }
}

run "overridden" {
  override_module {
    target  = module.net
    outputs = { subnet = "nobody's" }
  }

  override_data {
    target = data.aws_caller_identity.me
    values = { account_id = "another" }
  }

  assert {
    condition     = output.subnet == "nobody's" && output.note == null
    error_message = "The module says what the test says."
  }

  assert {
    condition     = aws_vpc.main.tags["Owner"] == "another" && aws_vpc.main.id == "vpc-mock"
    error_message = "The object is the one of the run before."
  }
}
