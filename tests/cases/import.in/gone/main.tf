resource "random_integer" "x" {
  min = 1
  max = 9
}

import {
  to = random_integer.x
  id = "nonsense"
}
