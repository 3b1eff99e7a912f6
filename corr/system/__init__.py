"""The process and its files: settings, disks, folders that outlive a kill, signals, what ships."""
