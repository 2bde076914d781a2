# A module becomes the stage of the same name, and another one a stage of a new name.
moved {
  from = module.same
  to   = stage.same
}

moved {
  from = module.other
  to   = stage.renamed
}

stage "same" {
  source = "../after/m"
}

stage "renamed" {
  source = "../after/m"
}
