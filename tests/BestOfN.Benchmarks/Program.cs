using BestOfN.Benchmarks.Generation;
using BestOfN.Benchmarks.Pictures;
using BestOfN.Benchmarks.Scoring;

return args switch
{
    ["scoring", .. var rest] when rest.Contains(PictureBenchmarkOptions.Switch) => PictureBenchmark.Run(PictureBenchmarkOptions.Parse(rest)),
    ["scoring", .. var rest] => ScoringBenchmark.Run(ScoringBenchmarkOptions.Parse(rest)),
    ["generation", .. var rest] => GenerationBenchmark.Run(GenerationBenchmarkOptions.Parse(rest)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine($"usage: dotnet run -c Release --project tests/BestOfN.Benchmarks -- {ScoringBenchmarkOptions.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {PictureBenchmarkOptions.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {GenerationBenchmarkOptions.Usage}");
    return 2;
}
