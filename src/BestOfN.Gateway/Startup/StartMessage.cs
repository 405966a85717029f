using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Models;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Startup;

/// <summary>The end of a start, in four lines: the address, the page for people, the models, and a request to try.</summary>
internal sealed class StartMessage(
    IServer server, GeneratorCatalog generators, RewardModelCatalog rewardModels,
    IOptions<BestOfNOptions> options, IConfiguration configuration, ILogger<StartMessage> logger)
{
    /// <summary>Logs it; called when every model has been opened or has failed.</summary>
    public void Log()
    {
        string[] failed =
        [
            .. generators.Models.Where(model => model.Generator.Failure is not null).Select(model => model.Name),
            .. rewardModels.Entries.Where(entry => entry.Failure is not null).Select(entry => entry.Name),
        ];
        if (failed.Length > 0)
        {
            logger.StartedWithout(string.Join(", ", failed));
            return;
        }

        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var host = addresses.Select(ReachableHere).FirstOrDefault();
        logger.Ready(
            string.Join(", ", addresses),
            !options.Value.Page ? "off" : host is null ? "" : $"{host}/",
            string.Join("; ", generators.Models.Select(Describe)),
            host is not null && generators.Models.FirstOrDefault() is { } model ? Request(host, model.Name) : "");
    }

    private string Describe(ServedModel model) =>
        $"{model.Name} (N = {model.Options.Candidates ?? options.Value.Candidates}, "
            + $"{(model.Options.RewardModel is { } judge ? $"reward model {judge}" : "no reward model")})";

    /// <summary>For a shell. The question is one that the shipped model knows how to answer.</summary>
    private string Request(string host, string model)
    {
        var key = string.IsNullOrEmpty(configuration[BestOfNOptions.KeysVariable]) ? "" : " -H \"Authorization: Bearer $KEY\"";
        return $$"""
            curl -s {{host}}/v1/chat/completions -H 'Content-Type: application/json'{{key}} -d '
            """
            + $$"""
            {"model":"{{model}}","messages":[{"role":"user","content":"Which two of 24 1 28 13 26 21 add up to 47?"}]}'
            """;
    }

    /// <summary>An address at which this machine reaches the gateway, where it listens at all of its addresses.</summary>
    private static string ReachableHere(string address)
    {
        string[] anyAddress = ["://0.0.0.0", "://[::]", "://*", "://+"];
        return anyAddress.Aggregate(address, (url, any) => url.Replace(any, "://127.0.0.1", StringComparison.Ordinal)).TrimEnd('/');
    }
}
