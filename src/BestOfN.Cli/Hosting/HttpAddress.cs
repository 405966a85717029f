using System.CommandLine.Parsing;
using BestOfN.Protocols.Upstreams;

namespace BestOfN.Cli.Hosting;

/// <summary>Reads the address of a server from the command line.</summary>
internal static class HttpAddress
{
    public static Uri? Parse(ArgumentResult result)
    {
        if (ServerAddress.TryRead(result.Tokens[0].Value, out var address))
        {
            return address;
        }

        result.AddError($"{(result.Parent as OptionResult)?.Option.Name}: expected {ServerAddress.Expected}.");
        return null;
    }
}
