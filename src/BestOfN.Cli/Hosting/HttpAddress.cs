using System.CommandLine.Parsing;

namespace BestOfN.Cli.Hosting;

/// <summary>Reads the address of a server from the command line.</summary>
internal static class HttpAddress
{
    public static Uri? Parse(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        {
            return address;
        }

        result.AddError($"{(result.Parent as OptionResult)?.Option.Name}: expected an address that begins with http:// or https://.");
        return null;
    }
}
