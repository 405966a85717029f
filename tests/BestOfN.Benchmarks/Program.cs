using System.Globalization;
using BestOfN.Benchmarks.Cleaning;
using BestOfN.Benchmarks.Generation;
using BestOfN.Benchmarks.Memory;
using BestOfN.Benchmarks.Images;
using BestOfN.Benchmarks.Rewards;
using BestOfN.Benchmarks.Scoring;

return args switch
{
    ["scoring", .. var rest] when rest.Contains(ImageBenchmarkOptions.Switch) =>
        ImageBenchmark.Run(ImageBenchmarkOptions.Parse(rest)),
    ["scoring", .. var rest] => ScoringBenchmark.Run(ScoringBenchmarkOptions.Parse(rest)),
    ["generation", .. var rest] => GenerationBenchmark.Run(GenerationBenchmarkOptions.Parse(rest)),
    ["memory", var requests, var generator, var judge] =>
        await MemoryBenchmark.RunAsync(int.Parse(requests, CultureInfo.InvariantCulture), generator, judge),
    ["cleaning", "corpus", .. var rest] => PocketCorpus.Write(PocketCorpusOptions.Parse(rest)),
    ["cleaning", "table", var corpus, var output] => CleaningTable.Print(corpus, output),
    ["cleaning", "memory", var records] => await CleaningMemory.RunAsync(int.Parse(records, CultureInfo.InvariantCulture)),
    ["cleaning", "throughput", var input, var model, var rounds] =>
        await CleaningThroughput.RunAsync(input, model, int.Parse(rounds, CultureInfo.InvariantCulture)),
    ["reward-server", var url, .. var rest] => await RewardServerBenchmark.RunAsync(RewardServerOptions.Parse([url, .. rest])),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine($"usage: dotnet run -c Release --project tests/BestOfN.Benchmarks -- {ScoringBenchmarkOptions.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {ImageBenchmarkOptions.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {GenerationBenchmarkOptions.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {MemoryBenchmark.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {PocketCorpusOptions.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {CleaningTable.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {CleaningMemory.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {CleaningThroughput.Usage}");
    Console.Error.WriteLine($"       dotnet run -c Release --project tests/BestOfN.Benchmarks -- {RewardServerOptions.Usage}");
    return 2;
}
