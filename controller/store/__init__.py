"""What must outlive the process: claims, findings, rules revisions and the append-only audit."""
