using System.CommandLine;
using System.CommandLine.Parsing;

namespace BestOfN.Cli.Hosting;

/// <summary>Limits of options, checked before anything runs.</summary>
internal static class Validate
{
    public static Action<OptionResult> AtLeast(Option<int> option, int minimum) => result =>
    {
        if (result.GetValueOrDefault<int>() < minimum)
        {
            result.AddError($"{option.Name} must be at least {minimum}.");
        }
    };
}
