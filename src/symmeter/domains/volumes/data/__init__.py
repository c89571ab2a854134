"""Where volumes come from: arrays and files of scans."""
