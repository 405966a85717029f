using System.Globalization;

namespace BestOfN.Benchmarks.Rewards;

/// <summary>What the benchmark of the reward server is told.</summary>
/// <param name="Address">Where the gateway listens.</param>
/// <param name="Answers">Answers to one prompt.</param>
/// <param name="Words">Words of the prompt.</param>
/// <param name="Rounds">Times that each way is measured, in turn.</param>
/// <param name="Clients">Clients of the soak.</param>
/// <param name="Minutes">How long the soak lasts; 0: none.</param>
internal sealed record RewardServerOptions(Uri Address, int Answers, int Words, int Rounds, int Clients, double Minutes)
{
    public const string Usage =
        "reward-server URL [--answers 16] [--words 200] [--rounds 7] [--clients 64] [--minutes 0]   (a gateway that serves a reward model)";

    public static RewardServerOptions Parse(string[] arguments)
    {
        double Value(string name, double fallback) =>
            Array.IndexOf(arguments, name) is >= 0 and var at ? double.Parse(arguments[at + 1], CultureInfo.InvariantCulture) : fallback;
        return new(
            new Uri(arguments[0]), (int)Value("--answers", 16), (int)Value("--words", 200), (int)Value("--rounds", 7),
                (int)Value("--clients", 64),
            Value("--minutes", 0));
    }
}
