namespace BestOfN.Inputs.Images;

/// <summary>Where a picture lies within its tiles. All lengths are pixels.</summary>
/// <param name="Columns">Tiles beside each other.</param>
/// <param name="Rows">Tiles below each other.</param>
/// <param name="Left">White columns left of the picture; the columns right of it are white, too.</param>
/// <param name="Top">White rows above the picture.</param>
/// <param name="Width">Width of the resized picture.</param>
/// <param name="Height">Height of the resized picture.</param>
/// <param name="IsPortrait">The picture is higher than wide: its transposed form is laid out, and the result transposed back.</param>
public readonly record struct TileLayout(int Columns, int Rows, int Left, int Top, int Width, int Height, bool IsPortrait)
{
    /// <summary>The same for a picture whose sides are exchanged.</summary>
    internal TileLayout Transposed() => new(Rows, Columns, Top, Left, Height, Width, !IsPortrait);
}
