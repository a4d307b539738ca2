mod building;
mod documents;
mod planning;
mod support;
