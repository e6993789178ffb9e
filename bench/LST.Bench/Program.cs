using LST.Bench.Kernels;

return args.FirstOrDefault() switch
{
    "kernels" => KernelBenchmark.Run(args[1..]),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: LST.Bench kernels [--repeats N] [--threads N] [--only ceiling,matvec,attention,step]");
    return 2;
}
