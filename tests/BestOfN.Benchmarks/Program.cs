using BestOfN.Benchmarks.Scoring;

return args switch
{
    ["scoring", .. var rest] => ScoringBenchmark.Run(ScoringBenchmarkOptions.Parse(rest)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine($"usage: dotnet run -c Release --project tests/BestOfN.Benchmarks -- {ScoringBenchmarkOptions.Usage}");
    return 2;
}
