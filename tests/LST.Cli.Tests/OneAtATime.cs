// Every test replaces the console's writers and sets variables of the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
