# What differs in the sandbox, where AWS is emulated and the nodes are processes on this machine.

# An image that the emulator knows.
ami_owners = ["137112412989"]
ami_name   = "amzn2-ami-hvm-2.0.*-x86_64-gp2"

# Made again and again: nothing has to be kept after destroy.
secret_recovery_days     = 0
key_deletion_window_days = 7
snapshots_force_destroy  = true
