using System.Collections.Frozen;

namespace BestOfN.Data.Worlds;

/// <summary>The worlds by name, as hard as their options are by default.</summary>
public static class PocketWorlds
{
    public const string Text = "pocket-text";
    public const string Image = "pocket-image";
    public const string Video = "pocket-video";

    private static readonly FrozenDictionary<string, IPocketWorld> s_all =
        ((IPocketWorld[])[new PocketTextWorld(), new PocketImageWorld(), new PocketVideoWorld()])
            .ToFrozenDictionary(w => w.Name, StringComparer.Ordinal);

    /// <exception cref="ArgumentException">There is no such world.</exception>
    public static IPocketWorld Of(string name) => s_all.TryGetValue(name, out var world)
        ? world
        : throw new ArgumentException(
            $"There is no world '{name}'. The worlds are {string.Join(", ", s_all.Keys.Order(StringComparer.Ordinal))}.", nameof(name));
}
