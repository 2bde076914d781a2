removed {
  from = terraform_data.kept
  lifecycle {
    destroy = false
  }
}

removed {
  from = terraform_data.gone
  lifecycle {
    destroy = true
  }
}

removed {
  from = module.m
  lifecycle {
    destroy = false
  }
}
