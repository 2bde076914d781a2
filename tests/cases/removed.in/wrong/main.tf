removed {
  from = terraform_data.y[0]
}

removed {
  from = module.m["a"]
}

removed {
  from = data.local_file.y
}

removed {
  lifecycle {
    destroyed = false
  }
}
