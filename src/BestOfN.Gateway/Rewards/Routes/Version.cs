using System.Reflection;

namespace BestOfN.Gateway.Rewards.Routes;

/// <summary>The version of the gateway, as clients are told it.</summary>
internal static class Version
{
    public static string Number { get; } = typeof(Version)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
